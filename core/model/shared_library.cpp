// The few parts of ELF that tell what a library needs. Every offset is checked: the file may be
// truncated, or not a library at all.
#include "core/model/shared_library.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::model {
namespace {

namespace fs = std::filesystem;

constexpr unsigned char kByteOrder =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

/// A view of the file with checked reads.
class ElfFile {
 public:
  explicit ElfFile(const fs::path& path) : file_(path) {
    const auto header = read<Elf64_Ehdr>(0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) fail("is not a shared library");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kByteOrder)
      fail("is a library for another kind of machine");
    if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
      fail("is not a shared library");
    for (uint64_t i = 0; i < header.e_phnum; ++i)
      segments_.push_back(read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr)));
  }

  const std::vector<Elf64_Phdr>& segments() const { return segments_; }

  template <class Value>
  Value read(uint64_t offset) const {
    Value value;
    std::memcpy(&value, part(offset, sizeof(Value)).data(), sizeof(Value));
    return value;
  }

  std::string_view part(uint64_t offset, uint64_t size) const {
    const auto bytes = file_.bytes();
    if (offset > bytes.size() || size > bytes.size() - offset) fail("is damaged or truncated");
    return {reinterpret_cast<const char*>(bytes.data()) + offset, size};
  }

  /// The text that begins at `offset` and ends at the next zero.
  std::string text(uint64_t offset) const {
    const std::string_view rest = part(offset, file_.size() - std::min(offset, file_.size()));
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos) fail("is damaged or truncated");
    return std::string(rest.substr(0, end));
  }

  uint64_t offset_of_address(uint64_t address) const {
    for (const Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz)
        return segment.p_offset + (address - segment.p_vaddr);
    fail("is damaged or truncated");
  }

  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorKind::kEnvironment, file_.path().string() + ": " + what,
                "Install or build it again.");
  }

 private:
  MappedFile file_;
  std::vector<Elf64_Phdr> segments_;
};

std::vector<Elf64_Dyn> dynamic_entries(const ElfFile& file) {
  std::vector<Elf64_Dyn> entries;
  for (const Elf64_Phdr& segment : file.segments()) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
      const auto entry = file.read<Elf64_Dyn>(segment.p_offset + at);
      if (entry.d_tag == DT_NULL) break;
      entries.push_back(entry);
    }
  }
  return entries;
}

std::string read_note(const ElfFile& file) {
  constexpr std::string_view kOwner("NETY\0", 5);
  const auto padded = [](uint64_t size) { return (size + 3) / 4 * 4; };
  for (const Elf64_Phdr& segment : file.segments()) {
    if (segment.p_type != PT_NOTE) continue;
    uint64_t at = 0;
    while (at + sizeof(Elf64_Nhdr) <= segment.p_filesz) {
      const auto note = file.read<Elf64_Nhdr>(segment.p_offset + at);
      const uint64_t owner = segment.p_offset + at + sizeof(Elf64_Nhdr);
      const uint64_t text = owner + padded(note.n_namesz);
      if (file.part(owner, note.n_namesz) == kOwner) {
        const std::string_view found = file.part(text, note.n_descsz);
        return std::string(found.substr(0, found.find('\0')));
      }
      at += sizeof(Elf64_Nhdr) + padded(note.n_namesz) + padded(note.n_descsz);
    }
  }
  return {};
}

std::string replace_all(std::string text, std::string_view from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Where the system's loader looks without being told.
constexpr const char* kSystemFolders[] = {"/lib/x86_64-linux-gnu",
                                          "/usr/lib/x86_64-linux-gnu",
                                          "/lib64",
                                          "/usr/lib64",
                                          "/lib",
                                          "/usr/lib"};

bool is_in_system_folders(const std::string& name) {
  return std::ranges::any_of(kSystemFolders, [&](const char* folder) {
    std::error_code ignored;
    return fs::exists(fs::path(folder) / name, ignored);
  });
}

bool is_loaded(const std::string& name) {
  void* handle = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle != nullptr) ::dlclose(handle);
  return handle != nullptr;
}

/// The path that ldconfig recorded for `name`. Its cache is a table of zero-ended strings; the
/// format has changed over time, the strings have not.
fs::path find_in_loader_cache(const std::string& name) {
  static const std::string cache = [] {
    try {
      return read_file("/etc/ld.so.cache");
    } catch (const Error&) {
      return std::string();
    }
  }();
  const std::string wanted = "/" + name + std::string(1, '\0');
  for (size_t at = cache.find(wanted); at != std::string::npos; at = cache.find(wanted, at + 1)) {
    const size_t before = cache.rfind('\0', at);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    const fs::path path = cache.substr(begin, at + 1 + name.size() - begin);
    std::error_code ignored;
    if (path.is_absolute() && fs::exists(path, ignored)) return path;
  }
  return {};
}

/// One walk over a library's needs.
class Resolver {
 public:
  Resolver(std::span<const fs::path> first, std::span<const fs::path> last)
      : first_(first), last_(last) {
    if (const char* list = std::getenv("LD_LIBRARY_PATH"); list != nullptr)
      environment_ = split_folders(list);
  }

  void visit(const SharedLibrary& library) {
    chain_.insert(chain_.end(), library.search_folders.begin(), library.search_folders.end());
    for (const std::string& name : library.needed) {
      if (!seen_.insert(name).second || is_loaded(name)) continue;
      const fs::path path = find(name);
      if (path.empty()) {
        if (!is_in_system_folders(name)) result_.missing.push_back({name, library.path});
        continue;
      }
      visit(read_shared_library(path));
      result_.found.push_back(path);
    }
    chain_.resize(chain_.size() - library.search_folders.size());
  }

  Dependencies take() { return std::move(result_); }

 private:
  fs::path find(const std::string& name) const {
    const std::span<const fs::path> lists[] = {first_, chain_, environment_, last_};
    for (const std::span<const fs::path> list : lists)
      for (const fs::path& folder : list) {
        std::error_code ignored;
        if (fs::is_regular_file(folder / name, ignored)) return folder / name;
      }
    return is_in_system_folders(name) ? fs::path() : find_in_loader_cache(name);
  }

  std::span<const fs::path> first_, last_;
  std::vector<fs::path> environment_;
  std::vector<fs::path> chain_;  // search folders of the libraries being visited, outermost first
  std::set<std::string> seen_;
  Dependencies result_;
};

}  // namespace

SharedLibrary read_shared_library(const fs::path& path) try {
  const ElfFile file(path);
  SharedLibrary library{.path = path, .needed = {}, .search_folders = {}, .note = read_note(file)};
  const std::vector<Elf64_Dyn> entries = dynamic_entries(file);
  const auto strings = std::ranges::find(entries, DT_STRTAB, &Elf64_Dyn::d_tag);
  if (strings == entries.end()) file.fail("is damaged or truncated");
  const uint64_t table = file.offset_of_address(strings->d_un.d_ptr);
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NEEDED) library.needed.push_back(file.text(table + entry.d_un.d_val));
    if (entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) continue;
    const std::string origin = fs::absolute(path).parent_path().string();
    std::string list = replace_all(file.text(table + entry.d_un.d_val), "${ORIGIN}", origin);
    list = replace_all(std::move(list), "$ORIGIN", origin);
    library.search_folders = split_folders(list);
  }
  return library;
} catch (const Error& error) {
  // A damaged file is an unfit installation here, whatever the reader called it.
  throw Error(ErrorKind::kEnvironment, error.what(), "Install or build it again.");
}

Dependencies resolve_dependencies(const SharedLibrary& library, std::span<const fs::path> first,
                                  std::span<const fs::path> last) {
  Resolver resolver(first, last);
  resolver.visit(library);
  return resolver.take();
}

std::vector<fs::path> split_folders(std::string_view list) {
  std::vector<fs::path> folders;
  while (!list.empty()) {
    const size_t end = std::min(list.find(':'), list.size());
    if (end > 0) folders.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return folders;
}

}  // namespace nety::model
