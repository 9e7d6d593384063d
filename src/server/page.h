// The files of the web page, compiled into the program: those of web/dist where that was built, else a small page that
// says where things are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yanxing::server {

struct PageFile {
  std::string_view path; // as it is asked for: "/", "/assets/app.js"
  std::string_view content_type;
  std::string_view content;
};

const std::vector<PageFile> &page_files();

} // namespace yanxing::server
