// Mail that is neither lost nor sent twice: a message is a file in state/queue before the first attempt, and moves to
// state/sent once the server has taken it. Without a server it goes to a local Maildir.
//
// One window cannot be closed by any client (RFC 5321, section 4.5.4.1): the connection or this process may die after
// the whole message was handed over and before the server's answer is known. Such a message is marked (NAME.attempted)
// and tried again under the same Message-ID, by which mail programs drop a second copy; the log says so.
#pragma once

#include "base/config.h"
#include "base/result.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

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

// The envelope's recipient, the first line of a kept message.
inline constexpr std::string_view kEnvelopeHeader = "X-Yanxing-To";

// RFC 5322 message with one attachment (RFC 2045, 2047, 2231 for names in any script).
std::string compose(const Letter &letter, const std::string &from);

enum class Delivery { kSent, kOutbox, kQueued };
struct Posted {
  Delivery delivery = Delivery::kQueued;
  std::filesystem::path file; // where the message lies now
  std::string problem;        // for kQueued: why it is not sent yet
};

// Errors where the message could not be kept (a full disk), or where the server refused it for good (it then lies in
// state/refused).
Result<Posted> post(const Letter &letter, const Settings &settings, const std::filesystem::path &state);
// Tries what waits in the queue again, oldest first; returns how many were sent. Ends at the first that fails because
// the server is away. One process at a time; returns at once where another is sending.
int flush_queue(const Settings &settings, const std::filesystem::path &state);
// How long a keeper of the queue should wait after so many failures in a row: 30 s, doubling up to an hour.
std::chrono::seconds retry_after(int failures);
// True where a message waits in the queue.
bool mail_waits(const std::filesystem::path &state);
// Takes back a message that is still here; an error where it has left, or is being sent at this moment.
Status withdraw(const std::filesystem::path &file, const std::filesystem::path &state);

} // namespace yanxing::action
