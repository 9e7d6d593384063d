// What the page needs beyond the API; each group is one file. All of it is for the owner alone (owner.h).
#pragma once

#include "server/service.h"

namespace yanxing::server {

void add_operate_routes(HttpServer &http, Service &service); // looking, proposing, acting; actions; what was done
void add_job_routes(HttpServer &http, Service &service);     // fetching models, making samples, training
void add_sample_routes(HttpServer &http, Service &service);  // samples to learn from
void add_setting_routes(HttpServer &http, Service &service); // config.toml, the catalog, voices

} // namespace yanxing::server
