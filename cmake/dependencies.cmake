# Libraries from the system's packages; static archives where there are any, so that the program starts
# on machines that lack them. (simdjson has none in Debian: cmake/install.cmake takes its library along.)
find_package(Threads REQUIRED)
find_package(fmt CONFIG REQUIRED)
add_library(nety_fmt INTERFACE)  # its headers; core/base/fmt_compiled.cpp has the rest
target_include_directories(nety_fmt SYSTEM INTERFACE $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)

# nety_archive(target package library...): a package known to pkg-config, its archive in preference to its
# shared library. The further libraries are what that archive needs; a shared library brings its own.
function(nety_archive target package library)
  pkg_check_modules(${target}_pc REQUIRED ${package})
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_pc_INCLUDE_DIRS})
  find_library(${target}_file NAMES lib${library}.a ${library} HINTS ${${target}_pc_LIBRARY_DIRS} REQUIRED)
  target_link_libraries(${target} INTERFACE ${${target}_file})
  if(${target}_file MATCHES "\\.a$")
    foreach(needed ${ARGN})
      find_library(${target}_${needed}_file NAMES lib${needed}.a ${needed} HINTS ${${target}_pc_LIBRARY_DIRS} REQUIRED)
      target_link_libraries(${target} INTERFACE ${${target}_${needed}_file})
    endforeach()
  endif()
endfunction()
nety_archive(nety_pcre2 libpcre2-8 pcre2-8)
nety_archive(nety_utf8proc libutf8proc utf8proc)
nety_archive(nety_edit libedit edit bsd md tinfo)
