#include "catalog/index.h"

#include "base/json.h"
#include "os/process.h"

#include <cstdlib>

namespace yanxing::catalog {
namespace {

constexpr int kAskTimeoutMs = 30000;
constexpr const char *kSimpleIndex = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
// pip's own default, asked of pip itself.
constexpr const char *kAskPip = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

std::string environment(const char *name) {
  const char *value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nothing here calls setenv after start
  return value != nullptr ? value : "";
}

// The first line that looks like an address in what a program prints; empty where there is none.
std::string ask(const std::vector<std::string> &argv) {
  const auto finished = os::run_process(argv, kAskTimeoutMs);
  if (!finished || finished->exit_code != 0 || finished->output.find("://") == std::string::npos) {
    return {};
  }
  const auto &text = finished->output;
  const auto begin = text.find_first_not_of(" \t\r\n");
  return text.substr(begin, text.find_first_of(" \t\r\n", begin) - begin);
}

std::string pip_index() {
  if (auto url = environment("PIP_INDEX_URL"); !url.empty()) {
    return url;
  }
  for (const char *key : {"global.index-url", "install.index-url"}) {
    if (auto url = ask({"python3", "-m", "pip", "config", "get", key}); !url.empty()) {
      return url;
    }
  }
  return ask({"python3", "-c", kAskPip});
}

std::string npm_registry() {
  for (const char *name : {"npm_config_registry", "NPM_CONFIG_REGISTRY"}) {
    if (auto url = environment(name); !url.empty()) {
      return url;
    }
  }
  return ask({"npm", "config", "get", "registry"});
}

std::string unescape_ampersands(std::string text) {
  constexpr std::string_view kEscaped = "&amp;";
  for (auto at = text.find(kEscaped); at != std::string::npos; at = text.find(kEscaped, at + 1)) {
    text.replace(at, kEscaped.size(), "&");
  }
  return text;
}

std::string find_in_json(const Page &page, const std::string &sha256) {
  const auto json = parse_json(page.body, page.url);
  if (!json || !json->is_object() || !json->contains("files")) {
    return {};
  }
  for (const auto &file : json->at("files")) {
    const auto hashes = file.find("hashes");
    if (hashes != file.end() && string_or_empty(*hashes, "sha256") == sha256) {
      return resolve_url(page.url, string_or_empty(file, "url"));
    }
  }
  return {};
}

// <a href="…#sha256=HASH">: the quote that opens this attribute is the last before the hash.
std::string find_in_html(const Page &page, const std::string &sha256) {
  const auto mark = page.body.find("#sha256=" + sha256);
  if (mark == std::string::npos) {
    return {};
  }
  const auto quote = page.body.find_last_of("\"'", mark);
  if (quote == std::string::npos) {
    return {};
  }
  return resolve_url(page.url, unescape_ampersands(page.body.substr(quote + 1, mark - quote - 1)));
}

} // namespace

std::string find_in_simple_index(const Page &page, const std::string &sha256) {
  return page.content_type.find("json") != std::string::npos ? find_in_json(page, sha256) : find_in_html(page, sha256);
}

std::string find_tarball(const Page &page) {
  const auto json = parse_json(page.body, page.url);
  if (!json || !json->is_object() || !json->contains("dist")) {
    return {};
  }
  return string_or_empty(json->at("dist"), "tarball");
}

Result<std::string> PackageIndex::base_url(const std::string &registry) {
  const bool pypi = registry == "pypi";
  auto &known = pypi ? pypi_ : npm_;
  if (known.empty()) {
    known = pypi ? pip_index() : npm_registry();
    while (known.ends_with('/')) {
      known.pop_back();
    }
  }
  if (known.empty()) {
    return pypi ? Error{"pip does not tell its package index", "Install python3-pip, or set PIP_INDEX_URL"}
                : Error{"npm does not tell its registry", "Install npm, or set npm_config_registry"};
  }
  return known;
}

Result<std::string> PackageIndex::archive_url(const Part &part) {
  const auto base = base_url(part.registry);
  if (!base) {
    return base.error();
  }
  const bool pypi = part.registry == "pypi";
  const auto address = *base + "/" + part.package + "/" + (pypi ? "" : part.version);
  const auto page = fetch_page(address, pypi ? kSimpleIndex : "application/json");
  if (!page) {
    return page.error();
  }
  auto url = pypi ? find_in_simple_index(*page, part.sha256) : find_tarball(*page);
  if (url.empty()) {
    return Error{"the index at " + address + " has no " + part.file + " with the sha256 that is pinned",
                 "Use another index, or fetch the file yourself and run 'yanxing pull --from FOLDER'"};
  }
  return url;
}

} // namespace yanxing::catalog
