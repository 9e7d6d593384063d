// Mail that is neither lost nor sent twice: a message is a file in state/queue before the first attempt, and moves to
// state/sent once the server has taken it. Without a server it goes to a local Maildir.
#pragma once

#include "base/config.h"
#include "base/result.h"

#include <filesystem>
#include <string>

namespace yanxing::action {

struct Attachment {
  std::string name; // as the recipient sees it
  std::string type; // MIME type
  std::string bytes;
};

struct Letter {
  std::string to; // address
  std::string to_name;
  std::string subject;
  std::string text;
  Attachment attachment;
};

// RFC 5322 message with one attachment (RFC 2045, 2047, 2231 for names in any script).
std::string compose(const Letter &letter, const std::string &from);

enum class Delivery { kSent, kOutbox, kQueued };
struct Posted {
  Delivery delivery = Delivery::kQueued;
  std::filesystem::path file; // where the message lies now
  std::string problem;        // for kQueued: why it is not sent yet
};

// Errors only where the message could not even be kept (a full disk).
Result<Posted> post(const Letter &letter, const Settings &settings, const std::filesystem::path &state);
// Tries what waits in the queue again; returns how many were sent.
int flush_queue(const Settings &settings, const std::filesystem::path &state);

} // namespace yanxing::action
