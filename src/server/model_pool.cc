#include "server/model_pool.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace yanxing::server {

void ModelPool::add(ModelEntry entry) { put(std::move(entry), nullptr); }

void ModelPool::put(ModelEntry entry, std::shared_ptr<LanguageModel> model) {
  auto place = std::make_shared<Place>();
  place->entry = std::move(entry);
  place->model = std::move(model);
  std::shared_ptr<Place> before; // leaves memory outside of the lock
  const std::lock_guard lock(mutex_);
  for (const auto &other : places_) { // an alias means one model: the latest
    std::erase_if(other->entry.aliases, [&](const std::string &alias) {
      const auto &taken = place->entry.aliases;
      return std::find(taken.begin(), taken.end(), alias) != taken.end();
    });
  }
  const auto same = std::find_if(places_.begin(), places_.end(),
                                 [&](const auto &other) { return other->entry.name == place->entry.name; });
  if (same == places_.end()) {
    places_.push_back(std::move(place));
  } else {
    before = std::exchange(*same, std::move(place));
  }
}

Status ModelPool::swap(ModelEntry entry) {
  log_info("loading " + entry.name);
  auto loaded = loader_(entry);
  if (!loaded) {
    return loaded.error();
  }
  put(std::move(entry), std::move(*loaded));
  return {};
}

std::shared_ptr<ModelPool::Place> ModelPool::find(const std::string &name, std::string *adapter) const {
  const std::lock_guard lock(mutex_);
  const auto wanted = name.empty() ? "light" : name;
  for (const auto &place : places_) {
    const auto &aliases = place->entry.aliases;
    if (place->entry.name == wanted || std::find(aliases.begin(), aliases.end(), wanted) != aliases.end()) {
      return place;
    }
  }
  if (name.empty() && !places_.empty()) {
    return places_.front();
  }
  for (const auto &place : places_) {
    for (const auto &one : place->entry.adapters) {
      if (one.name == name) {
        if (adapter != nullptr) {
          *adapter = name;
        }
        return place;
      }
    }
  }
  return nullptr;
}

Result<std::shared_ptr<LanguageModel>> ModelPool::load_into(Place &place, bool fresh) {
  const std::lock_guard loading(place.loading);
  {
    const std::lock_guard lock(mutex_);
    if (place.model && !fresh) {
      return place.model;
    }
  }
  log_info("loading " + place.entry.name);
  auto loaded = loader_(place.entry);
  if (!loaded) {
    return loaded.error();
  }
  std::shared_ptr<LanguageModel> before; // leaves memory outside of the lock
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(place.model, *loaded);
  }
  return *loaded;
}

std::variant<ModelPool::Lease, ModelPool::Refusal> ModelPool::lease(const std::string &name) {
  std::string adapter;
  const auto place = find(name, &adapter);
  if (!place) {
    return Refusal{404, {"there is no model '" + name + "' here", "GET /v1/models lists those that are"}};
  }
  auto model = load_into(*place, false);
  if (!model) {
    return Refusal{503, model.error()};
  }
  int index = adapter.empty() ? -1 : (*model)->adapter(adapter);
  if (!adapter.empty() && index < 0) { // named since the model was loaded
    model = load_into(*place, true);
    if (!model) {
      return Refusal{503, model.error()};
    }
    index = (*model)->adapter(adapter);
  }
  return Lease{*model, index, adapter.empty() ? place->entry.name : adapter};
}

Status ModelPool::load(const std::string &name, bool fresh) {
  const auto place = find(name);
  if (!place) {
    return Error{"there is no model '" + name + "' here", "GET /v1/models lists those that are"};
  }
  const auto loaded = load_into(*place, fresh);
  return loaded ? Status() : Status(loaded.error());
}

Status ModelPool::unload(const std::string &name) {
  const auto place = find(name);
  if (!place) {
    return Error{"there is no model '" + name + "' here", "GET /v1/models lists those that are"};
  }
  std::shared_ptr<LanguageModel> before; // leaves memory outside of the lock
  const std::lock_guard lock(mutex_);
  before = std::exchange(place->model, nullptr);
  return {};
}

std::vector<ModelPool::Listing> ModelPool::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Listing> listings;
  for (const auto &place : places_) {
    Listing listing{place->entry.name, "", place->entry.aliases, place->model != nullptr, {}};
    if (place->model) {
      listing.facts = place->model->facts();
    }
    listings.push_back(listing);
    for (const auto &adapter : place->entry.adapters) {
      listings.push_back({adapter.name, place->entry.name, {}, place->model != nullptr, listing.facts});
    }
  }
  return listings;
}

std::vector<std::shared_ptr<LanguageModel>> ModelPool::loaded() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<LanguageModel>> models;
  for (const auto &place : places_) {
    if (place->model) {
      models.push_back(place->model);
    }
  }
  return models;
}

} // namespace yanxing::server
