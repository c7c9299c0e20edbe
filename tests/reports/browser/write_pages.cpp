// Writes the pages that check.py opens in a browser: write_pages FOLDER.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "reports/render.h"
#include "tests/reports/fixtures.h"

int main(int argc, char** argv) try {
  using namespace nety::reports;
  if (argc != 2) {
    std::fputs("usage: write_pages FOLDER\n", stderr);
    return 2;
  }
  struct Page {
    const char* name;
    nety::results::File (*make)();
    nety::Language language = nety::Language::kEnglish;
  };
  constexpr Page kPages[] = {
      {"complete", complete_file}, {"complete.fr", complete_file, nety::Language::kFrench},
      {"failing", failing_file},   {"fleet", fleet_file},
      {"hostile", hostile_file},   {"laptop", laptop_file},
      {"machine", machine_file}};
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (const Page& page : kPages)
    nety::write_file(folder / (std::string(page.name) + ".html"),
                     render_html(page.make(), {page.language, {}}));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
