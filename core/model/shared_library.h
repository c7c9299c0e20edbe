// What a shared library needs and where that would be found, read from the file without loading it:
// a missing library must be named before, not after, the loader has given up.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nety::model {

/// The facts of one ELF file (System V gABI, chapter 5) that loading it depends on.
struct SharedLibrary {
  std::filesystem::path path;
  std::vector<std::string> needed;                    ///< DT_NEEDED, in order
  std::vector<std::filesystem::path> search_folders;  ///< DT_RPATH or DT_RUNPATH, $ORIGIN expanded
  std::string note;  ///< Text of the ELF note named "NETY": see plugin_entry.h. Empty if none.
};

/// Reads the facts of `path`. Error: kEnvironment, naming the file, if it is not a 64-bit ELF
/// shared library of this machine's byte order, or is damaged.
SharedLibrary read_shared_library(const std::filesystem::path& path);

/// A library that is nowhere to be found.
struct MissingLibrary {
  std::string name;                 ///< "libcupti.so.13"
  std::filesystem::path needed_by;  ///< ".../libtorch_cpu.so"
};

/// Everything a library needs, directly or not, that this process has not loaded yet.
struct Dependencies {
  /// Files outside the system's folders, each after those that it needs itself: opening them in
  /// this order by absolute path lets the loader match later needs by name.
  std::vector<std::filesystem::path> found;
  std::vector<MissingLibrary> missing;
};

/// Looks for what `library` needs in `first`, in the search folders of whoever needs it, in
/// LD_LIBRARY_PATH, in `last`, and where the system's loader looks. Loads nothing.
Dependencies resolve_dependencies(const SharedLibrary& library,
                                  std::span<const std::filesystem::path> first,
                                  std::span<const std::filesystem::path> last);

/// The folders of a colon-separated list, empty entries left out.
std::vector<std::filesystem::path> split_folders(std::string_view list);

}  // namespace nety::model
