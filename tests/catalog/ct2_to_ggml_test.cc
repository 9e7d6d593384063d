#include "base/files.h"
#include "catalog/ct2_model.h"
#include "catalog/ct2_to_ggml.h"
#include "small_whisper.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::catalog {
namespace {

class Ct2ToGgml : public testing::Test {
protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(write_file(folder_ / "tokenizer.json", kSmallTokenizer).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Status convert(const std::string &model) {
    EXPECT_TRUE(write_file(folder_ / "model.bin", model).ok());
    return ct2_to_ggml(folder_ / "model.bin", folder_ / "tokenizer.json", folder_ / "out.bin");
  }
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("ct2_to_ggml_test-" + std::to_string(::getpid()));
};

std::int32_t number_at(const std::string &bytes, std::size_t offset) {
  std::int32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST_F(Ct2ToGgml, WritesHeaderWordsAndTensors) {
  const auto status = convert(SmallWhisper().bytes());
  ASSERT_TRUE(status.ok()) << status.error().message();
  const auto out = read_file(folder_ / "out.bin");
  ASSERT_TRUE(out.ok());
  const std::vector<std::int32_t> header{0x67676d6c, 8, 6, 4, 2, 1, 6, 4, 2, 1, 80, 1, 80, 201};
  for (std::size_t i = 0; i < header.size(); ++i) {
    EXPECT_EQ(number_at(*out, i * 4), header[i]) << i;
  }
  auto at = header.size() * 4 + 80 * 201 * 4;
  EXPECT_EQ(number_at(*out, at), 50256); // the English vocabulary
  EXPECT_EQ(out->substr(at + 4 + 4, 1), "a");
  EXPECT_EQ(out->substr(at + 4 + 5 + 4, 2), " b");
  EXPECT_EQ(out->substr(at + 4 + 5 + 6 + 4, 2), "\xe4\xbd"); // ä and ½ stand for themselves, as single bytes
  at += 4 + 50256 * 4 + 1 + 2 + 2;
  std::vector<std::string> names;
  while (at < out->size()) { // each: rank, name length, type, extents, name, data
    const auto rank = number_at(*out, at);
    const auto length = number_at(*out, at + 4);
    const auto width = number_at(*out, at + 8) == 0 ? 4 : 2;
    std::size_t elements = 1;
    for (int i = 0; i < rank; ++i) {
      elements *= static_cast<std::size_t>(number_at(*out, at + 12 + static_cast<std::size_t>(i) * 4));
    }
    at += 12 + static_cast<std::size_t>(rank) * 4;
    names.push_back(out->substr(at, static_cast<std::size_t>(length)));
    at += static_cast<std::size_t>(length) + elements * static_cast<std::size_t>(width);
  }
  EXPECT_EQ(at, out->size());
  EXPECT_EQ(names.size(), 5U + 15U + 2U + 2U + 15U + 9U + 2U);
  EXPECT_EQ(names.front(), "encoder.positional_embedding");
  EXPECT_EQ(names.back(), "decoder.ln.bias");
}

TEST_F(Ct2ToGgml, NoTruncationPassesAndNothingIsLeftBehind) {
  const auto whole = SmallWhisper().bytes();
  for (std::size_t length = 0; length < whole.size(); length += 53) {
    ASSERT_FALSE(convert(whole.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.bin"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.bin.converting"));
}

TEST_F(Ct2ToGgml, ForeignFilesAreNamed) {
  EXPECT_FALSE(convert("just some text that is no model at all").ok());
  const auto other = convert(SmallWhisper().bytes("TransformerSpec"));
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().what.find("not Whisper"), std::string::npos);
  for (const std::string tokenizer :
       {"{}", "[1,2]", "{\"model\":{\"vocab\":[]}}", "{\"model\":{\"vocab\":{\"\xe4\xbd\xa0\":3}}}"}) {
    ASSERT_TRUE(write_file(folder_ / "tokenizer.json", tokenizer).ok());
    EXPECT_FALSE(convert(SmallWhisper().bytes()).ok()) << tokenizer;
  }
}

TEST(Half, AllValuesSurviveTheWayThroughFloat) {
  for (std::uint32_t half = 0; half < 65536; ++half) {
    const float value = half_to_float(static_cast<std::uint16_t>(half));
    if (!std::isnan(value)) {
      ASSERT_EQ(float_to_half(value), half);
    }
  }
  EXPECT_EQ(half_to_float(0x3C00), 1.0F);
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24F);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);        // rounds to infinity
  EXPECT_EQ(float_to_half(1.0F + 0x1p-11F), 0x3C00); // a tie goes to even
}

} // namespace
} // namespace yanxing::catalog
