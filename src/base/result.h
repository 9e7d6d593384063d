// Result<T>: a value, or an Error that says what happened, where, and what to do next.
// For failures that are expected (a missing file, a bad model, SMTP down). Fatal conditions throw;
// our own bugs assert. Each boundary (verb, executor, HTTP handler) translates once.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace yanxing {

struct Error {
  std::string what; // one sentence: what happened and where, without a trailing period
  std::string hint; // what to do next; may be empty

  // "what. hint" as a user reads it on one line.
  [[nodiscard]] std::string message() const { return hint.empty() ? what : what + ". " + hint; }
};

template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition for value accessors: ok(). A violation is our bug and throws std::logic_error.
  T &value() & { return checked(); }
  const T &value() const & { return const_cast<Result *>(this)->checked(); }
  T &&value() && { return std::move(checked()); }
  T &operator*() & { return checked(); }
  const T &operator*() const & { return const_cast<Result *>(this)->checked(); }
  T &&operator*() && { return std::move(checked()); }
  T *operator->() { return &checked(); }
  const T *operator->() const { return &const_cast<Result *>(this)->checked(); }

  [[nodiscard]] const Error &error() const { return std::get<1>(state_); }

private:
  T &checked() {
    if (!ok()) {
      throw std::logic_error("value of a failed Result: " + error().message());
    }
    return std::get<0>(state_);
  }
  std::variant<T, Error> state_;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error &error() const { return *error_; }

private:
  std::optional<Error> error_;
};

using Status = Result<void>;

} // namespace yanxing
