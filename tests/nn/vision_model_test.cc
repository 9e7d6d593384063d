// Pictures, towers, logits, loss and every adapter gradient against Python's transformers and PEFT on tiny random
// models with towers (reference/make_vision.py); and that packing with pictures changes nothing.
#include "nn/model.h"

#include "base/json.h"
#include "media/mel.h"
#include "media/picture_processor.h"
#include "nn/reference.h"
#include "nn/tiny.h"
#include "pack/packer.h"
#include "screen/look.h"

#include <gtest/gtest.h>
#include <iostream>
#include <numeric>

namespace {

namespace fs = std::filesystem;
namespace nn = yanxing::nn;
namespace pack = yanxing::pack;
using nn::reference::read_tensors;
using nn::reference::Reference;
using nn::reference::worst;

constexpr double kTolerance = 1e-4;

pack::PackedRow row_of(const yanxing::Json &json) {
  pack::PackedRow row;
  row.tokens = json["tokens"].get<std::vector<std::int64_t>>();
  row.positions = json["positions"].get<std::vector<std::int64_t>>();
  row.axes = json["axes"].get<std::vector<pack::Axes>>();
  for (const auto &segment : json["segments"]) {
    row.segments.push_back({segment[0], segment[1], segment[2]});
  }
  for (const auto &media : json["media"]) {
    row.media.push_back({media[0], media[1], media[2]});
  }
  for (const auto &target : json["targets"]) {
    row.targets.push_back({target[0], target[1], target[2], target[3]});
  }
  return row;
}

std::vector<pack::Item> items_of(const yanxing::Json &json) {
  std::vector<pack::Item> items;
  for (const auto &one : json["items"]) {
    pack::Item item;
    item.sample = static_cast<std::int64_t>(items.size());
    item.tokens = one["tokens"].get<std::vector<std::int64_t>>();
    item.weight = one["weight"].get<float>();
    for (const auto &range : one["supervised"]) {
      item.supervised.emplace_back(range[0], range[1]);
    }
    for (const auto &media : one["media"]) {
      item.media.push_back({media[0], media[1], media[2], media[3], media[4]});
    }
    items.push_back(std::move(item));
  }
  return items;
}

// A tiny model as the script made it, with its adapter and its media.
struct Case {
  std::unique_ptr<nn::Model> model;
  std::vector<pack::MediaInput> media;
  std::vector<at::Tensor> features; // without the adapter
};

Case open(const fs::path &folder, const yanxing::Json &json) {
  Case one;
  const auto settings = yanxing::media::picture_settings(folder);
  EXPECT_TRUE(settings.ok());
  for (const auto &name : json["files"]) {
    if (name == "sound.wav") {
      const auto clip = yanxing::audio::read_clip(folder / "sound.wav");
      const auto ears = yanxing::media::sound_settings(folder);
      EXPECT_TRUE(clip.ok() && ears.ok());
      one.media.push_back(yanxing::media::mel_of(*clip, *ears));
      continue;
    }
    const auto picture = yanxing::screen::read_picture(folder / name.get<std::string>());
    EXPECT_TRUE(picture.ok());
    auto input = yanxing::media::patches_of(*picture, *settings);
    EXPECT_TRUE(input.ok());
    one.media.push_back(std::move(*input));
  }
  auto model = nn::Model::load(folder, {.as_stored = true});
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  for (const auto &input : one.media) {
    one.features.push_back((*model)->media_tokens(input));
  }
  const auto adapted = (*model)->load_adapter(folder / "adapter");
  EXPECT_TRUE(adapted.ok()) << (adapted.ok() ? "" : adapted.error().message());
  one.model = std::move(*model);
  one.model->set_media_reader([media = one.media](std::int64_t source) -> yanxing::Result<pack::MediaInput> {
    return media.at(static_cast<std::size_t>(source));
  });
  return one;
}

std::map<std::string, at::Tensor> gradients_of(const nn::Model &model) {
  std::map<std::string, at::Tensor> gradients;
  for (const auto &parameter : model.parameters()) {
    EXPECT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
    gradients[parameter.name] = parameter.tensor.grad().clone();
    parameter.tensor.grad().zero_();
  }
  return gradients;
}

void compare_with_python(const fs::path &folder) {
  const auto json = yanxing::read_json_file(folder / "row.json");
  ASSERT_TRUE(json.ok());
  const auto expected = read_tensors(folder / "expected.safetensors");
  const auto row = row_of(*json);
  const auto [model, media, features_of] = open(folder, *json);
  double values = 0;
  double features = 0;
  for (std::size_t i = 0; i < media.size(); ++i) {
    const auto name = (*json)["files"][i].get<std::string>();
    const auto &wanted = expected.at("values." + name);
    ASSERT_EQ(wanted.numel(), static_cast<std::int64_t>(media[i].values.size())) << name;
    auto ours = at::empty(wanted.sizes(), at::kFloat);
    std::copy(media[i].values.begin(), media[i].values.end(), ours.mutable_data_ptr<float>());
    const double error = worst(ours, wanted);
    EXPECT_LE(error, media[i].kind == pack::MediaInput::Kind::kPicture ? 1e-6 : kTolerance) << name;
    values = std::max(values, error);
    features = std::max(features, worst(features_of[i], expected.at("features." + name)));
  }
  EXPECT_LE(features, kTolerance);
  ASSERT_TRUE(model->save_adapter(folder / "again", "").ok());
  const auto theirs = read_tensors(folder / "adapter" / "adapter_model.safetensors");
  const auto again = read_tensors(folder / "again" / "adapter_model.safetensors");
  ASSERT_EQ(theirs.size(), again.size());
  for (const auto &[name, tensor] : theirs) {
    ASSERT_TRUE(again.contains(name)) << name;
    EXPECT_TRUE(again.at(name).equal(tensor)) << name;
  }
  std::vector<std::int64_t> places(row.tokens.size());
  std::iota(places.begin(), places.end(), 0);
  for (const bool recompute : {false, true}) {
    model->recompute_layers(recompute);
    const double logits = worst(model->logits(row, places), expected.at("logits"));
    const auto loss = model->loss(row);
    nn::backward(loss);
    const double loss_error = worst(loss.detach().reshape({1}), expected.at("loss"));
    double error = 0;
    double largest = 0;
    std::size_t compared = 0;
    for (const auto &[name, gradient] : gradients_of(*model)) {
      const auto found = expected.find("gradient." + name);
      ASSERT_NE(found, expected.end()) << name;
      error = std::max(error, worst(gradient, found->second));
      largest = std::max(largest, found->second.abs().max().item<double>());
      ++compared;
    }
    EXPECT_EQ(compared + 2 + 2 * media.size(), expected.size());
    EXPECT_GT(largest, 0.01);
    EXPECT_LE(logits, kTolerance);
    EXPECT_LE(loss_error, kTolerance);
    EXPECT_LE(error, kTolerance);
    std::cout << folder.filename().string() << (recompute ? ", recomputed" : ", kept") << ": max error values "
              << values << ", features " << features << " of "
              << expected.at("features." + (*json)["files"][0].get<std::string>()).abs().max().item<float>()
              << ", logits " << logits << ", loss " << loss_error << " of " << expected.at("loss").item<float>() << ", "
              << compared << " gradients " << error << " of " << largest << "\n";
  }
}

// The loss and gradients of all rows together.
std::pair<double, std::map<std::string, at::Tensor>> learned_from(const nn::Model &model,
                                                                  const pack::Packing &packing) {
  double loss = 0;
  for (const auto &row : packing.rows) {
    const auto part = model.loss(row);
    nn::backward(part);
    loss += part.item<double>();
  }
  return {loss, gradients_of(model)};
}

std::size_t tokens_of(const pack::Packing &packing) {
  std::size_t sum = 0;
  for (const auto &row : packing.rows) {
    sum += row.tokens.size();
  }
  return sum;
}

void compare_packings(const fs::path &folder) {
  const auto json = yanxing::read_json_file(folder / "row.json");
  const auto expected = read_tensors(folder / "expected.safetensors");
  const auto [model, media, features_of] = open(folder, *json);
  const auto items = items_of(*json);
  const auto shared = pack::pack(items, {2048, true, 4});
  const auto plain = pack::pack(items, {2048, false, 4});
  std::size_t longest = 0;
  for (const auto &item : items) {
    longest = std::max(longest, item.tokens.size());
  }
  const auto alone = pack::pack(items, {static_cast<std::int64_t>(longest), false, 4}); // a row each
  EXPECT_LT(tokens_of(shared), tokens_of(plain)) << "the first picture stands there once";
  EXPECT_GT(alone.rows.size(), 1U);
  const auto [loss, gradients] = learned_from(*model, shared);
  EXPECT_NEAR(loss, expected.at("loss").item<double>(), kTolerance);
  for (const auto *other : {&plain, &alone}) {
    const auto [other_loss, other_gradients] = learned_from(*model, *other);
    EXPECT_NEAR(loss, other_loss, 1e-5);
    for (const auto &[name, gradient] : gradients) {
      EXPECT_LE(worst(gradient, other_gradients.at(name)), 1e-5) << name;
    }
  }
}

TEST(Vision, AsPythonComputesIt) {
  const Reference reference("--vision");
  if (!reference.made()) {
    GTEST_SKIP() << "Python's transformers and PEFT could not be set up here: see " << reference.log();
  }
  std::size_t cases = 0;
  for (const auto &entry : fs::directory_iterator(reference.folder())) {
    SCOPED_TRACE(entry.path().filename().string());
    compare_with_python(entry.path());
    compare_packings(entry.path());
    ++cases;
  }
  EXPECT_EQ(cases, 6U);
}

} // namespace
