// Errors as clients expect them: OpenAI's shape, and Anthropic's on its own routes. Base64, as it comes in requests.
#pragma once

#include "base/json.h"
#include "server/http.h"

#include <optional>
#include <string>
#include <string_view>

namespace yanxing::server {

// {"error":{"message","type","param","code"}} with the type that belongs to the status.
Response error_response(int status, const std::string &message, const std::string &code = "",
                        const std::string &param = "");
// For an expected failure of ours. `status`: 400 where the request is at fault, 503 where something is missing here.
Response error_response(int status, const Error &error, const std::string &code = "");
// The same error in Anthropic's shape: {"type":"error","error":{"type","message"}}.
Response in_anthropic_shape(Response error);

Response json_response(const Json &json);

// A request's JSON object. Errors (ready to be sent): not JSON, no object, nested deeper than a request needs to be,
// which would cost those a stack that walk it recursively.
struct ParsedBody {
  Json json;
  std::optional<Response> error;
};
ParsedBody parse_body(const std::string &body);

// Absent where it is not base64 (with or without padding; the URL-safe letters too).
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

} // namespace yanxing::server
