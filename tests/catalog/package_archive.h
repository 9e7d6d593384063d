// Packages as registries carry them: wheels (zip) and npm's tarballs, by the name's ending (.whl, .tgz).
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::catalog {

using Members = std::vector<std::pair<std::string, std::string>>; // path, content

inline void write_archive(const std::filesystem::path &path, const Members &members) {
  struct archive *out = archive_write_new();
  if (path.extension() == ".tgz") {
    archive_write_add_filter_gzip(out);
    archive_write_set_format_pax_restricted(out);
  } else {
    archive_write_set_format_zip(out);
  }
  archive_write_open_filename(out, path.c_str());
  for (const auto &[name, content] : members) {
    archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(out, entry);
    archive_write_data(out, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(out);
  archive_write_free(out);
}

} // namespace yanxing::catalog
