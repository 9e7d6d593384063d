// A part that serves one caller at a time (a recognizer, a mind, a text reader): opened on first use, and handed from
// caller to caller.
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <semaphore>
#include <utility>

namespace yanxing::server {

template <class Part> class Desk {
public:
  using Opener = std::function<Result<std::unique_ptr<Part>>()>;
  Desk() = default;
  explicit Desk(Opener open) : open_(std::move(open)) {}

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

  // Waits for its turn. Errors: the part cannot be opened (tried again the next time).
  Result<Hold> take() {
    free_.acquire();
    Hold hold(this);
    if (!part_) {
      if (!open_) {
        return Error{"this server was started without what this needs", ""};
      }
      auto opened = open_();
      if (!opened) {
        return opened.error();
      }
      part_ = std::move(*opened);
    }
    return hold;
  }

  // Puts another in its place; who holds the one of now is waited for.
  void replace(std::unique_ptr<Part> part) {
    free_.acquire();
    const Hold hold(this);
    part_ = std::move(part);
  }

private:
  Opener open_;
  std::binary_semaphore free_{1};
  std::unique_ptr<Part> part_;
};

} // namespace yanxing::server
