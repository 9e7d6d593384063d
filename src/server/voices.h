// OpenAI's names of voices, so that clients that know no others are heard.
#pragma once

#include <string>

namespace yanxing::server {

// The voice of ours that comes nearest to `asked` for the language of `text`; other names as they are.
std::string voice_of(const std::string &asked, const std::string &text);

} // namespace yanxing::server
