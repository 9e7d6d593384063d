// Jobs that the page may start: a few kinds, each with its own argument list. A request chooses among names that are
// known and numbers in a range; nothing that it writes becomes an option or a path.
#include "base/paths.h"
#include "catalog/catalog.h"
#include "server/errors.h"
#include "server/jobs.h"
#include "server/owner.h"
#include "server/page_routes.h"
#include "server/samples.h"

#include <charconv>
#include <cmath>

namespace yanxing::server {
namespace {

std::filesystem::path own_program() {
  std::error_code code;
  return std::filesystem::read_symlink("/proc/self/exe", code);
}

bool can_train() {
  std::error_code code;
  return std::filesystem::exists(own_program().parent_path() / "yanxing-train", code);
}

// A number of the request within its range; `usual` where it is absent.
Result<double> number(const Json &body, const char *name, double usual, double least, double most) {
  if (!body.contains(name) || body[name].is_null()) {
    return usual;
  }
  const double value = body[name].is_number() ? body[name].get<double>() : std::nan("");
  if (!(value >= least && value <= most)) {
    return Error{std::string("'") + name + "' must be a number from " + Json(least).dump() + " to " + Json(most).dump(),
                 ""};
  }
  return value;
}

Result<JobOrder> order_pull(const Json &body) {
  const auto known = catalog::load_catalog(share_folder() / "assets" / "catalog.json");
  if (!known) {
    return known.error();
  }
  const auto name = string_or_empty(body, "model");
  if (catalog::find_model(*known, name) == nullptr) {
    return Error{"there is no model \"" + name + "\" in the catalog", ""};
  }
  return JobOrder{"pull", name, {own_program().string(), "pull", name}, {}};
}

Result<JobOrder> order_make(const Json &body) {
  const auto count = number(body, "count", 500, 1, 100000);
  const auto seed = number(body, "seed", 1, 0, 1e9);
  if (!count || !seed) {
    return count ? seed.error() : count.error();
  }
  const auto rows = std::to_string(static_cast<long>(*count));
  const auto file = samples_folder() / ("made-" + rows + "-" + std::to_string(static_cast<long>(*seed)) + ".jsonl");
  std::error_code code;
  std::filesystem::create_directories(samples_folder(), code);
  return JobOrder{"make",
                  file.filename().string(),
                  {own_program().string(), "data", "make", "--out", file.string(), "--count", rows, "--seed",
                   std::to_string(static_cast<long>(*seed))},
                  {}};
}

Result<JobOrder> order_sft(const Json &body) {
  if (!can_train()) {
    return Error{"this build has no training", "Run scripts/setup.sh --train, then start the server again"};
  }
  const auto dataset = samples_file(string_or_empty(body, "dataset"));
  if (!dataset) {
    return dataset.error();
  }
  const auto steps = number(body, "steps", 100, 1, 100000);
  const auto rank = number(body, "rank", 8, 1, 256);
  const auto rate = number(body, "learning_rate", 1e-4, 1e-7, 1e-2);
  for (const auto *one : {&steps, &rank, &rate}) {
    if (!*one) {
      return one->error();
    }
  }
  const auto started = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto output = state_folder() / "training" / (dataset->stem().string() + "-" + std::to_string(started));
  std::vector<std::string> argv{own_program().string(),
                                "sft",
                                "--dataset",
                                dataset->string(),
                                "--output_dir",
                                output.string(),
                                "--max_steps",
                                std::to_string(static_cast<long>(*steps)),
                                "--lora_rank",
                                std::to_string(static_cast<long>(*rank)),
                                "--learning_rate",
                                Json(*rate).dump(),
                                "--logging_steps",
                                "1",
                                "--report_to",
                                "none"};
  const auto model = string_or_empty(body, "model");
  if (!model.empty()) {
    const auto known = catalog::load_catalog(share_folder() / "assets" / "catalog.json");
    if (!known || catalog::find_model(*known, model) == nullptr) {
      return Error{"there is no model \"" + model + "\" in the catalog", ""};
    }
    argv.insert(argv.end(), {"--model", model});
  }
  return JobOrder{"sft", output.filename().string(), std::move(argv), output / "logging.jsonl"};
}

Response start(Jobs &jobs, const Request &request) {
  auto [body, wrong] = parse_body(request.body);
  if (wrong) {
    return *wrong;
  }
  const auto kind = string_or_empty(body, "kind");
  const auto order = kind == "pull"   ? order_pull(body)
                     : kind == "make" ? order_make(body)
                     : kind == "sft"  ? order_sft(body)
                                      : Result<JobOrder>(Error{"'kind' must be pull, make or sft", ""});
  if (!order) {
    return error_response(400, order.error());
  }
  const auto id = jobs.start(*order);
  return id ? json_response(jobs.one(*id)) : error_response(409, id.error());
}

int number_of(const Request &request) {
  int id = 0;
  if (const auto found = request.query.find("job"); found != request.query.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), id);
  }
  return id;
}

} // namespace

void add_job_routes(HttpServer &http, Service & /*service*/) {
  auto jobs = std::make_shared<Jobs>();
  http.handle("GET", "/v1/jobs", for_owner([jobs](const Request & /*unused*/) {
                return json_response({{"jobs", jobs->list()}, {"can_train", can_train()}});
              }));
  http.handle("POST", "/v1/jobs", for_owner([jobs](const Request &request) { return start(*jobs, request); }));
  http.handle("GET", "/v1/jobs/:job", for_owner([jobs](const Request &request) {
                const auto job = jobs->one(number_of(request));
                return job.is_null() ? error_response(404, "there is no job of that number") : json_response(job);
              }));
  http.handle("DELETE", "/v1/jobs/:job", for_owner([jobs](const Request &request) {
                const auto done = jobs->cancel(number_of(request));
                return done ? json_response({{"ok", true}}) : error_response(404, done.error());
              }));
}

} // namespace yanxing::server
