// A part that serves one caller at a time (a recognizer, a mind, a text reader): opened on first use, and handed from
// caller to caller.
#pragma once

#include "base/log.h"
#include "base/result.h"

#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>

namespace yanxing::server {

template <class Part> class Desk {
public:
  using Opener = std::function<Result<std::unique_ptr<Part>>()>;
  // What the part is made of; when it has become another, the part is made anew before it is taken again.
  using Version = std::function<std::string()>;
  Desk() = default;
  explicit Desk(Opener open, Version version = {}) : open_(std::move(open)), version_(std::move(version)) {}

  // The part for as long as this lives; it may go to another thread meanwhile.
  class Hold {
  public:
    explicit Hold(Desk *desk) : desk_(desk) {}
    Hold(Hold &&other) noexcept : desk_(std::exchange(other.desk_, nullptr)) {}
    Hold &operator=(Hold &&) = delete;
    ~Hold() {
      if (desk_ != nullptr) {
        desk_->free_.release();
      }
    }
    Part *operator->() const { return desk_->part_.get(); }
    Part &operator*() const { return *desk_->part_; }

  private:
    Desk *desk_;
  };

  // Waits for its turn. Errors: the part cannot be opened (tried again the next time). One that is there stays where
  // the new one cannot be opened.
  Result<Hold> take() {
    free_.acquire();
    Hold hold(this);
    const auto version = version_ ? version_() : std::string();
    if (!part_ || version != made_of_) {
      if (!open_) {
        return Error{"this server was started without what this needs", ""};
      }
      auto opened = open_();
      if (!opened && !part_) {
        return opened.error();
      }
      if (opened) {
        part_ = std::move(*opened);
      } else {
        log_warning("what was there before stays in use: " + opened.error().message());
      }
      made_of_ = version;
    }
    return hold;
  }

private:
  Opener open_;
  Version version_;
  std::binary_semaphore free_{1};
  std::unique_ptr<Part> part_;
  std::string made_of_;
};

} // namespace yanxing::server
