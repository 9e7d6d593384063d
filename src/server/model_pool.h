// The models that are served, by name: loaded on first use, replaced while requests run. A request holds the model it
// began with until it is answered, so that a swap drops nobody; the old model leaves memory with its last request.
// Thread-safe.
#pragma once

#include "base/result.h"
#include "server/language_model.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace yanxing::server {

struct ModelEntry {
  std::string name;                 // as 'yanxing models' lists it, or the file's own
  std::vector<std::string> aliases; // light, large
  std::filesystem::path weights;
  std::filesystem::path projector;
  std::vector<Adapter> adapters;
};

class ModelPool {
public:
  // Makes the model in memory of an entry; a seam for tests.
  using Loader = std::function<Result<std::shared_ptr<LanguageModel>>(const ModelEntry &)>;
  explicit ModelPool(Loader loader) : loader_(std::move(loader)) {}

  void add(ModelEntry entry); // replaces an entry of that name; loads nothing

  struct Lease {
    std::shared_ptr<LanguageModel> model;
    int adapter = -1; // index among the model's adapters; -1: none
    std::string name; // of what was asked for, in full
  };
  // `name`: of an entry or one of its aliases, of an adapter, or empty for the light model (else the first). Loads it
  // where it is not in memory. Errors: no such name (status 404), or it cannot be loaded (503).
  struct Refusal {
    int status = 503;
    Error error;
  };
  std::variant<Lease, Refusal> lease(const std::string &name);
  // Loads the entry's model, if need be once more (`fresh`), and puts it in the place of the one in memory, if any.
  Status load(const std::string &name, bool fresh = false);
  // Loads the entry's model first, and only then lets it take its name and aliases from who has them: nobody asks in
  // vain meanwhile, and where it cannot be loaded all stays as it was.
  Status swap(ModelEntry entry);
  // Takes it out of memory; it is loaded again when it is asked for.
  Status unload(const std::string &name);

  struct Listing {
    std::string id;
    std::string of; // for adapters: their model
    std::vector<std::string> aliases;
    bool loaded = false;
    LanguageModel::Facts facts; // where loaded
  };
  [[nodiscard]] std::vector<Listing> list() const;
  [[nodiscard]] std::vector<std::shared_ptr<LanguageModel>> loaded() const;

private:
  struct Place {
    ModelEntry entry;
    std::shared_ptr<LanguageModel> model;
    std::mutex loading; // one at a time loads this one
  };
  [[nodiscard]] std::shared_ptr<Place> find(const std::string &name, std::string *adapter = nullptr) const;
  Result<std::shared_ptr<LanguageModel>> load_into(Place &place, bool fresh);
  void put(ModelEntry entry, std::shared_ptr<LanguageModel> model);

  Loader loader_;
  mutable std::mutex mutex_; // of what follows
  std::vector<std::shared_ptr<Place>> places_;
};

} // namespace yanxing::server
