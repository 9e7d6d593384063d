#include "catalog/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fnmatch.h>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <vector>

namespace yanxing::catalog {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;

using Reader = std::unique_ptr<archive, decltype([](archive *reader) { archive_read_free(reader); })>;

std::string reason(archive *reader) {
  const char *text = archive_error_string(reader);
  return text != nullptr ? text : "unknown reason";
}

// Calls `visit` for each member until it says stop (true) or fails.
using Visit = std::function<Result<bool>(archive *reader, const std::string &path)>;
Status walk(const fs::path &file, const Visit &visit) {
  const Reader reader(archive_read_new());
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_filename(reader.get(), file.c_str(), kBlockBytes) != ARCHIVE_OK) {
    return Error{"cannot open the archive " + file.string() + ": " + reason(reader.get()), ""};
  }
  archive_entry *entry = nullptr;
  while (true) {
    const int got = archive_read_next_header(reader.get(), &entry);
    if (got == ARCHIVE_EOF) {
      return {};
    }
    if (got < ARCHIVE_WARN) {
      return Error{"the archive " + file.string() + " is damaged: " + reason(reader.get()), ""};
    }
    const char *path = archive_entry_pathname(entry);
    const auto done = visit(reader.get(), path != nullptr ? path : "");
    if (!done) {
      return done.error();
    }
    if (*done) {
      return {};
    }
  }
}

Status stream(archive *reader, const std::string &member, const Sink &sink) {
  std::vector<char> block(kBlockBytes);
  while (true) {
    const auto got = archive_read_data(reader, block.data(), block.size());
    if (got == 0) {
      return {};
    }
    if (got < 0) {
      return Error{"cannot read " + member + " out of its archive: " + reason(reader), ""};
    }
    if (!sink({block.data(), static_cast<std::size_t>(got)})) {
      return Error{"cannot write what came out of " + member, ""};
    }
  }
}

Status write_member(archive *reader, const std::string &member, const fs::path &path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  auto status = stream(reader, member, [&](std::span<const char> bytes) {
    return out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).good();
  });
  out.close();
  if (!status || !out) {
    return Error{"cannot write " + path.string() + ": " + std::strerror(errno), "Free some disk space and try again"};
  }
  return {};
}

} // namespace

Result<std::string> sha256_of_file(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{"cannot read " + file.string() + ": " + std::strerror(errno), ""};
  }
  using Context = std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX *context) { EVP_MD_CTX_free(context); })>;
  const Context context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> block(kBlockBytes);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) {
    return Error{"cannot read " + file.string() + " to its end", ""};
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

Status extract_member(const fs::path &archive, const std::string &member, const Sink &sink) {
  bool found = false;
  auto status = walk(archive, [&](struct archive *reader, const std::string &path) -> Result<bool> {
    if (path != member) {
      return false;
    }
    found = true;
    if (auto streamed = stream(reader, member, sink); !streamed) {
      return streamed.error();
    }
    return true;
  });
  if (status && !found) {
    return Error{"the archive " + archive.string() + " has no member " + member, ""};
  }
  return status;
}

Status extract_matching(const fs::path &archive, const std::string &glob, const fs::path &folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) {
    return Error{"cannot create " + folder.string() + ": " + code.message(), ""};
  }
  bool found = false;
  auto status = walk(archive, [&](struct archive *reader, const std::string &path) -> Result<bool> {
    const auto name = fs::path(path).filename();
    if (::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME) != 0 || name.empty() || name == "..") {
      return false;
    }
    found = true;
    if (auto written = write_member(reader, path, folder / name); !written) {
      return written.error();
    }
    return false;
  });
  if (status && !found) {
    return Error{"the archive " + archive.string() + " has no member " + glob, ""};
  }
  return status;
}

} // namespace yanxing::catalog
