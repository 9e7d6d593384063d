// Filling {parameter} in the templates of action files. Values come from speech and from the screen: they are data, so
// each place where they go names its own escaping.
#pragma once

#include "base/json.h"
#include "base/shapes.h"

#include <functional>
#include <string>
#include <string_view>

namespace yanxing::action {

// Value of an argument as text: strings as they are (control characters removed), everything else as JSON.
std::string argument_text(const Json &value);

// Replaces {name} by escape(value); a {name} that is no argument becomes "". "{{" stands for "{".
std::string fill_template(std::string_view pattern, const Json &arguments,
                          const std::function<std::string(const std::string &)> &escape = {});

std::string url_escaped(const std::string &text);  // RFC 3986, everything but unreserved
std::string json_escaped(const std::string &text); // inside a JSON string

} // namespace yanxing::action
