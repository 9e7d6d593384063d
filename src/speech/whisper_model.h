// A Whisper model file (ggml) in memory. The file is walked before whisper.cpp sees it, because whisper.cpp trusts
// every length in it.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <memory>
#include <whisper.h>

namespace yanxing::speech {

struct WhisperDeleter {
  void operator()(whisper_context *context) const { whisper_free(context); }
};
using WhisperContext = std::unique_ptr<whisper_context, WhisperDeleter>;

// Header, word list and every tensor of a whole file; an Error where it is foreign, cut short or has something behind.
Status check_whisper_model(const std::filesystem::path &file);

Result<WhisperContext> load_whisper_model(const std::filesystem::path &file);

} // namespace yanxing::speech
