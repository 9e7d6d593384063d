#include "server/errors.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace yanxing::server {
namespace {

constexpr int kDeepest = 64;

std::string type_of(int status) {
  switch (status) {
  case 401:
    return "authentication_error";
  case 403:
    return "permission_error";
  case 404:
    return "not_found_error";
  case 413:
    return "request_too_large";
  case 429:
    return "rate_limit_error";
  default:
    return status < 500 ? "invalid_request_error" : status == 503 ? "overloaded_error" : "api_error";
  }
}

// How deep brackets are nested outside of strings; enough to refuse, without parsing.
int depth_of(std::string_view json) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<std::int8_t, 256> values_of_letters() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    values[static_cast<unsigned char>(kLetters[i])] = static_cast<std::int8_t>(i);
  }
  values['-'] = values['+'];
  values['_'] = values['/'];
  return values;
}

} // namespace

Response error_response(int status, const std::string &message, const std::string &code, const std::string &param) {
  const auto text_or_null = [](const std::string &text) { return text.empty() ? Json() : Json(text); };
  Response response;
  response.status = status;
  response.body = dump({{"error",
                         {{"message", message},
                          {"type", type_of(status)},
                          {"param", text_or_null(param)},
                          {"code", text_or_null(code)}}}});
  return response;
}

Response error_response(int status, const Error &error, const std::string &code) {
  return error_response(status, error.message(), code);
}

Response in_anthropic_shape(Response error) {
  const auto json = parse_json(error.body, "error");
  if (!json || !json->contains("error")) {
    return error;
  }
  const auto &inner = (*json)["error"];
  error.body =
      dump({{"type", "error"},
            {"error", {{"type", string_or_empty(inner, "type")}, {"message", string_or_empty(inner, "message")}}}});
  return error;
}

Response json_response(const Json &json) {
  Response response;
  response.body = dump(json);
  return response;
}

ParsedBody parse_body(const std::string &body) {
  if (depth_of(body) > kDeepest) {
    return {{}, error_response(400, "the JSON is nested more than " + std::to_string(kDeepest) + " levels deep")};
  }
  auto json = parse_json(body, "the request's body");
  if (!json) {
    return {{}, error_response(400, json.error())};
  }
  if (!json->is_object()) {
    return {{}, error_response(400, "the request's body must be a JSON object")};
  }
  return {std::move(*json), std::nullopt};
}

std::optional<std::string> decode_base64(std::string_view text) {
  static const auto values = values_of_letters();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t letters = 0;
  while (!text.empty() && text.back() == '=') {
    text.remove_suffix(1);
  }
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      continue;
    }
    const auto value = values[static_cast<unsigned char>(c)];
    if (value < 0) {
      return std::nullopt;
    }
    ++letters;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU));
    }
  }
  return letters % 4 == 1 ? std::nullopt : std::optional(std::move(bytes));
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(j > bytes.size() - i ? '=' : kLetters[bits >> (18 - 6 * j) & 0x3FU]);
    }
  }
  return text;
}

} // namespace yanxing::server
