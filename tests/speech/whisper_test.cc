#include "speech/recognizer.h"
#include "speech/whisper_model.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::speech {
namespace {

void put(std::string &out, const std::vector<std::int32_t> &values) {
  for (const auto value : values) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    out.append(raw, sizeof value);
  }
}

// The frame of a ggml Whisper file: header, filters of 2 × 3, two words, one 4 × 2 tensor of halves.
std::string small_model() {
  std::string out;
  put(out, {0x67676d6c, 51865, 1500, 512, 8, 6, 448, 512, 8, 6, 80, 1});
  put(out, {2, 3});
  out.append(2 * 3 * 4, '\0');
  put(out, {2, 3});
  out += "abc";
  put(out, {1});
  out += "d";
  put(out, {2, 6, 1, 4, 2});
  out += "weight";
  out.append(4 * 2 * 2, '\0');
  return out;
}

class WhisperModelFile : public testing::Test {
protected:
  Status check(const std::string &content) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << content;
    return check_whisper_model(file_);
  }
  void TearDown() override { std::filesystem::remove(file_); }
  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / ("whisper-" + std::to_string(::getpid()) + ".bin");
};

TEST_F(WhisperModelFile, WholeOneIsAccepted) {
  const auto status = check(small_model());
  EXPECT_TRUE(status.ok()) << status.error().message();
}

TEST_F(WhisperModelFile, EveryTruncationIsNoticed) {
  const auto whole = small_model();
  const auto before_tensor = whole.size() - (5 * 4 + 6 + 16);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (length != before_tensor) { // a file without tensors is well-formed; whisper.cpp says which are missing
      EXPECT_FALSE(check(whole.substr(0, length)).ok()) << length;
    }
  }
}

TEST_F(WhisperModelFile, ForeignContentIsNamed) {
  for (const auto &content :
       {std::string("GGUF not a whisper model"), std::string(4096, '\xff'), std::string(4096, '\0')}) {
    const auto status = check(content);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().what.find(file_.filename().string()), std::string::npos);
    EXPECT_FALSE(status.error().hint.empty());
  }
  auto huge = small_model();
  huge.replace(12 * 4 + 8 + 24 + 4, 4, "\xff\xff\xff\x7f"); // length of the first word
  EXPECT_FALSE(check(huge).ok());
}

TEST(WhisperRecognizer, MissingModelIsOneClearError) {
  const auto recognizer = make_whisper_recognizer("/nowhere/model.bin", "/nowhere/vad.onnx", 1);
  ASSERT_FALSE(recognizer.ok());
  EXPECT_NE(recognizer.error().what.find("/nowhere/model.bin"), std::string::npos);
}

} // namespace
} // namespace yanxing::speech
