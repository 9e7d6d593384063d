// Filling {parameter} in the templates of action files. Values come from speech and from the screen: they are data, so
// each place where they go names its own escaping.
#pragma once

#include "base/json.h"
#include "base/shapes.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::action {

// Value of an argument as text: strings as they are (control characters removed), everything else as JSON.
std::string argument_text(const Json &value);

// Replaces {name} by escape(value); a {name} that is no argument becomes "". "{{" stands for "{".
std::string fill_template(std::string_view pattern, const Json &arguments,
                          const std::function<std::string(const std::string &)> &escape = {});

// The names of its {parameters}, as often as they stand there.
std::vector<std::string> placeholders_of(std::string_view pattern);

// A text that is JSON ('{"level":{level},"name":"{name}"}'): inside quotes a value is escaped, elsewhere it is written
// as JSON itself, so that no value can change the shape around it. Missing ones become null or "".
std::string fill_json_text(std::string_view pattern, const Json &arguments);

// A body or payload: an object (its texts are filled; a text that is just "{name}" becomes the value with its type), a
// text that is JSON, or any other text.
std::string fill_body(const Json &pattern, const Json &arguments);

std::string url_escaped(const std::string &text);  // RFC 3986, everything but unreserved
std::string json_escaped(const std::string &text); // inside a JSON string

} // namespace yanxing::action
