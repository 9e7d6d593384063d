#include "server/transcript_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace yanxing::server {

std::string time_text(double seconds, char separator) {
  const auto ms = static_cast<long>(std::lround(std::max(0.0, seconds) * 1000));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02ld:%02ld:%02ld%c%03ld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                separator, ms % 1000);
  return text.data();
}

std::string srt_of(const speech::Transcript &transcript) {
  std::string text;
  for (std::size_t i = 0; i < transcript.segments.size(); ++i) {
    const auto &segment = transcript.segments[i];
    text += std::to_string(i + 1) + "\n" + time_text(segment.start_s, ',') + " --> " + time_text(segment.end_s, ',') +
            "\n" + segment.text + "\n\n";
  }
  return text;
}

std::string vtt_of(const speech::Transcript &transcript) {
  std::string text = "WEBVTT\n\n";
  for (const auto &segment : transcript.segments) {
    text += time_text(segment.start_s, '.') + " --> " + time_text(segment.end_s, '.') + "\n" + segment.text + "\n\n";
  }
  return text;
}

Json verbose_of(const speech::Transcript &transcript, double seconds, bool translated) {
  Json segments = Json::array();
  const double likelihood = transcript.n_best.empty() ? 0 : transcript.n_best.front().log_probability;
  for (std::size_t i = 0; i < transcript.segments.size(); ++i) {
    const auto &segment = transcript.segments[i];
    segments.push_back({{"id", i},
                        {"seek", 0},
                        {"start", segment.start_s},
                        {"end", segment.end_s},
                        {"text", segment.text},
                        {"tokens", Json::array()},
                        {"temperature", 0.0},
                        {"avg_logprob", likelihood},
                        {"compression_ratio", 1.0},
                        {"no_speech_prob", transcript.no_speech_probability}});
  }
  return {{"task", translated ? "translate" : "transcribe"},
          {"language", transcript.language == Language::kChinese ? "chinese" : "english"},
          {"duration", seconds},
          {"text", transcript.text},
          {"segments", segments}};
}

} // namespace yanxing::server
