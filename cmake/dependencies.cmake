# Libraries from the system's packages; static archives where there are any, so that the program starts
# on machines that lack them.
find_package(Threads REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)

# A package known to pkg-config, its archive in preference to its shared library: nety_archive(target pkg lib).
function(nety_archive target package library)
  pkg_check_modules(${target}_pc REQUIRED ${package})
  find_library(${target}_file NAMES lib${library}.a ${library} HINTS ${${target}_pc_LIBRARY_DIRS} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${${target}_file})
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_pc_INCLUDE_DIRS})
endfunction()
nety_archive(nety_pcre2 libpcre2-8 pcre2-8)
nety_archive(nety_utf8proc libutf8proc utf8proc)
nety_archive(nety_edit libedit edit)
