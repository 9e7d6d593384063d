#include "base/files.h"

#include "base/descriptor.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace yanxing {
namespace fs = std::filesystem;
namespace {

Error failed(const std::string &verb, const fs::path &path, int code) {
  return Error{"cannot " + verb + " " + path.string() + ": " + std::strerror(code),
               code == ENOSPC || code == EDQUOT ? "Free some disk space and try again" : ""};
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

} // namespace

Result<std::string> read_file(const fs::path &path, std::uintmax_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    return failed("read", path, errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return failed("read", path, EISDIR);
  }
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return failed("read", path, errno);
    }
    if (got == 0) {
      return content;
    }
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return Error{path.string() + " is larger than " + std::to_string(max_bytes) + " bytes", ""};
    }
  }
}

Status write_file(const fs::path &path, std::string_view content, unsigned mode) {
  std::error_code code;
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), code);
    if (code) {
      return failed("create the folder of", path, code.value());
    }
  }
  const fs::path temporary = path.string() + "." + std::to_string(::getpid()) + ".tmp";
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (fd.get() < 0) {
    return failed("write", path, errno);
  }
  if (!write_all(fd.get(), content) || ::fsync(fd.get()) != 0 || !fd.close()) {
    const int why = errno;
    ::unlink(temporary.c_str());
    return failed("write", path, why);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(temporary.c_str());
    return failed("write", path, why);
  }
  return {};
}

} // namespace yanxing
