// Points in time as they are spoken: 明天早上7点, "at half past three", 10分钟后, "in two hours".
#pragma once

#include "text/evidence.h"

#include <ctime>
#include <optional>
#include <string>

namespace yanxing::text {

// Byte range of the time expression in the (normalised) utterance; empty where none is named.
std::optional<Span> find_time_phrase(const std::string &utterance);

// The moment such a phrase means, seen from `now` (local time): the next one where only an hour is said.
std::optional<std::time_t> resolve_time(const std::string &phrase, std::time_t now);

} // namespace yanxing::text
