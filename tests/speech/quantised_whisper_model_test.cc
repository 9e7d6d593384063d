#include "speech/quantised_whisper.h"

#include "base/files.h"
#include "speech/whisper_model.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace yanxing::speech {
namespace {

std::filesystem::path whisper_base() {
  const char *folder = std::getenv("YANXING_MODELS");
  const char *user = std::getenv("HOME");
  return (folder != nullptr ? std::filesystem::path(folder)
                            : std::filesystem::path(user) / ".local/share/yanxing/models") /
         "whisper-base/ggml-model.bin";
}

TEST(QuantisedWhisper, IsAWholeModelOfNearlyHalfTheSize) {
  const auto file = whisper_base();
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << "whisper-base is not installed: yanxing pull whisper-base";
  }
  const auto bytes = quantised_whisper(file);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  EXPECT_LT(bytes->size(), std::filesystem::file_size(file) * 6 / 10);
  const auto copy = std::filesystem::path(testing::TempDir()) / "whisper-q8.bin";
  ASSERT_TRUE(write_file(copy, *bytes).ok());
  EXPECT_TRUE(check_whisper_model(copy).ok());
  // What is in 8 bits already is left as it is.
  const auto again = quantised_whisper(copy);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*again == *bytes);
  std::filesystem::remove(copy);
}

TEST(QuantisedWhisper, SaysThatAFileIsNotThere) { EXPECT_FALSE(quantised_whisper("/nowhere/whisper.bin").ok()); }

} // namespace
} // namespace yanxing::speech
