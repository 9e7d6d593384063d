#include "base/paths.h"
#include "catalog/catalog.h"
#include "verb/parts.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace yanxing::verb {
namespace {

struct Options {
  bool check = false;
  bool json = false;
};

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const auto &word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

void print_row(const catalog::Model &model, bool installed) {
  constexpr double kMega = 1e6;
  std::printf("%-16s %-7s %8.1f MB  %-9s %-22s %s\n", model.name.c_str(), model.role.c_str(),
              static_cast<double>(catalog::size_bytes(model)) / kMega, installed ? "installed" : "-",
              joined(model.can).c_str(), model.licence.c_str());
}

Json describe(const catalog::Model &model, bool installed) {
  return {{"name", model.name},
          {"role", model.role},
          {"can", model.can},
          {"licence", model.licence},
          {"summary", model.summary},
          {"bytes", catalog::size_bytes(model)},
          {"default", model.by_default},
          {"installed", installed},
          {"path", installed ? (models_folder() / model.name).string() : ""}};
}

Status list_models(const Options &options) {
  const auto known = catalog::load_catalog(share_folder() / "assets" / "catalog.json");
  if (!known) {
    return known.error();
  }
  Status damaged;
  if (!options.json) {
    std::printf("%-16s %-7s %11s  %-9s %-22s %s\n", "name", "role", "size", "here", "can", "licence");
  }
  for (const auto &model : *known) {
    const bool installed = catalog::installed(model);
    auto row = describe(model, installed);
    if (options.check && installed) {
      const auto verified = catalog::verify(model);
      row["verified"] = verified.ok();
      damaged = !verified && damaged ? verified : damaged;
    }
    if (options.json) {
      print_json(row);
    } else {
      print_row(model, installed);
    }
  }
  return damaged;
}

} // namespace

Verb make_models_verb() {
  return {"models", "what can be had and what is here: role, size, licence, languages",
          "  yanxing models\n  yanxing models --json\n  yanxing models --check",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_flag("--check", options->check, "hash installed files again; fails where one is damaged");
            add_json_option(app, options->json);
            return [options] { return list_models(*options); };
          },
          ""};
}

} // namespace yanxing::verb
