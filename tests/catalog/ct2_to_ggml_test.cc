#include "base/files.h"
#include "catalog/ct2_model.h"
#include "catalog/ct2_to_ggml.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::catalog {
namespace {

template <class T> void put(std::string &out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

// Writes CTranslate2's form: a Whisper of one layer a side, 4 wide, 8 words, 80 mels.
class SmallWhisper {
public:
  SmallWhisper() {
    for (const std::string side : {"encoder", "decoder"}) {
      add(side + "/position_encodings/encodings", {6, 4});
      norm(side + "/layer_norm");
      const auto layer = side + "/layer_0";
      linear(layer + "/self_attention/linear_0", 12, 4);
      linear(layer + "/self_attention/linear_1", 4, 4);
      norm(layer + "/self_attention/layer_norm");
      linear(layer + "/ffn/linear_0", 16, 4);
      linear(layer + "/ffn/linear_1", 4, 16);
      norm(layer + "/ffn/layer_norm");
    }
    linear("decoder/layer_0/attention/linear_0", 4, 4);
    linear("decoder/layer_0/attention/linear_1", 8, 4);
    linear("decoder/layer_0/attention/linear_2", 4, 4);
    norm("decoder/layer_0/attention/layer_norm");
    add("decoder/embeddings/weight", {8, 4});
    add("encoder/conv1/weight", {4, 80, 3});
    add("encoder/conv1/bias", {4});
    add("encoder/conv2/weight", {4, 4, 3});
    add("encoder/conv2/bias", {4});
    begin_tensor("encoder/num_heads", {}, 2);
    put<std::uint32_t>(tensors_, 2);
    put<std::int16_t>(tensors_, 2);
  }
  [[nodiscard]] std::string bytes(const std::string &spec = "WhisperSpec") const {
    std::string out;
    put<std::uint32_t>(out, 6);
    put_name(out, spec);
    put<std::uint32_t>(out, 3);
    put<std::uint32_t>(out, count_);
    return out + tensors_;
  }

private:
  static void put_name(std::string &out, const std::string &name) {
    put(out, static_cast<std::uint16_t>(name.size() + 1));
    out += name;
    out += '\0';
  }
  void begin_tensor(const std::string &name, const std::vector<std::uint32_t> &shape, std::uint8_t type) {
    put_name(tensors_, name);
    put(tensors_, static_cast<std::uint8_t>(shape.size()));
    for (const auto extent : shape) {
      put(tensors_, extent);
    }
    put(tensors_, type);
    ++count_;
  }
  // Halves 1.0, 1.001, …; biases are 0, as those of Whisper's keys are.
  void add(const std::string &name, const std::vector<std::uint32_t> &shape) {
    std::uint32_t elements = 1;
    for (const auto extent : shape) {
      elements *= extent;
    }
    begin_tensor(name, shape, 4);
    put<std::uint32_t>(tensors_, elements * 2);
    for (std::uint32_t i = 0; i < elements; ++i) {
      put(tensors_, static_cast<std::uint16_t>(name.ends_with("bias") ? 0 : 0x3C00 + i % 1024));
    }
  }
  void linear(const std::string &name, std::uint32_t rows, std::uint32_t columns) {
    add(name + "/weight", {rows, columns});
    add(name + "/bias", {rows});
  }
  void norm(const std::string &name) {
    add(name + "/gamma", {4});
    add(name + "/beta", {4});
  }
  std::string tensors_;
  std::uint32_t count_ = 0;
};

class Ct2ToGgml : public testing::Test {
protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(
        write_file(folder_ / "tokenizer.json", R"({"model":{"vocab":{"a":0,"Ġb":1,"ä½":2,"<|x|>":60000}}})").ok());
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
