// A transcript in the forms of OpenAI's API. Pure functions.
#pragma once

#include "base/json.h"
#include "speech/recognizer.h"

#include <string>

namespace yanxing::server {

// "00:01:02,345" (SubRip) or, with '.', WebVTT's.
std::string time_text(double seconds, char separator);
std::string srt_of(const speech::Transcript &transcript);
std::string vtt_of(const speech::Transcript &transcript);
// verbose_json: task, language by its English name, duration, text, segments.
Json verbose_of(const speech::Transcript &transcript, double seconds, bool translated);

} // namespace yanxing::server
