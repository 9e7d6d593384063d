// A Whisper model in CTranslate2's form, small enough for unit tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace yanxing::catalog {

template <class T> void put(std::string &out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

// A Whisper of one layer a side, 4 wide, 8 words, 80 mels.
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

constexpr const char *kSmallTokenizer = R"({"model":{"vocab":{"a":0,"Ġb":1,"ä½":2,"<|x|>":60000}}})";

} // namespace yanxing::catalog
