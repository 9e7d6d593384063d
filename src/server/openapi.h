// The OpenAPI 3.1 document of this server.
#pragma once

#include "base/json.h"

namespace yanxing::server {

Json openapi_document();

} // namespace yanxing::server
