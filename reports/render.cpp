// The table of renderers, and files.
#include "reports/render.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::reports {
namespace {

constexpr Renderer kRenderers[] = {
#define NETY_RENDERER(extension, symbol, title) {extension, title, render_##symbol},
#include "reports/renderers.def"
#undef NETY_RENDERER
};

}  // namespace

std::span<const Renderer> renderers() { return kRenderers; }

const Renderer& renderer_for(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const Renderer* best = nullptr;
  std::string known;
  for (const Renderer& renderer : kRenderers) {
    const bool longer = best == nullptr || renderer.extension.size() > best->extension.size();
    if (name.size() > renderer.extension.size() && name.ends_with(renderer.extension) && longer)
      best = &renderer;
    known += fmt::format(" {}", renderer.extension);
  }
  if (best != nullptr) return *best;
  throw Error(ErrorKind::kUsage,
              fmt::format("-o {}: no format has the extension '{}'", path.string(),
                          path.extension().string()),
              fmt::format("Known:{}", known));
}

void write(const results::File& file, const std::filesystem::path& path,
           const ClaimOptions& options) {
  write_file(path, renderer_for(path).render(file, options));
}

void judge_into(results::File& file, const ClaimOptions& options) {
  ClaimOptions english = options;
  english.language = Language::kEnglish;
  file.claims = judge(file, english);
}

std::vector<std::filesystem::path> write_report(results::File& file,
                                                const std::filesystem::path& folder,
                                                const ClaimOptions& options) {
  judge_into(file, options);
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::kIo,
                fmt::format("{}: cannot be made: {}", folder.string(), failure.message()),
                "Give another folder with -o.");
  std::vector<std::filesystem::path> paths;
  for (const char* name : {"report.json", "report.md", "report.html"}) {
    paths.push_back(folder / name);
    write(file, paths.back(), options);
  }
  return paths;
}

}  // namespace nety::reports
