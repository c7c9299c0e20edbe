# LibTorch's headers and libraries, found by ourselves: the CMake package inside the wheel stops with a
# fatal error where CUDA is missing. Makes the target nety_libtorch where LibTorch is found; says what
# happened either way.
set(NETY_TORCH_VERSION 2.11.0 CACHE STRING "The LibTorch that nety's set-up puts in its cache")
set(NETY_TORCH_DIR "$ENV{NETY_TORCH_DIR}" CACHE PATH "A torch package folder, with lib/ and include/")

# The cache folder of core/base/files.cpp.
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(nety_cache "$ENV{XDG_CACHE_HOME}/nety")
else()
  set(nety_cache "$ENV{HOME}/.cache/nety")
endif()
set(nety_torch_folder "${nety_cache}/torch-${NETY_TORCH_VERSION}/torch")
if(NETY_TORCH_DIR)
  set(nety_torch_folder "${NETY_TORCH_DIR}")
endif()

foreach(file lib/libc10.so lib/libtorch_cpu.so include/ATen/core/Tensor.h)
  if(NOT EXISTS "${nety_torch_folder}/${file}")
    message(STATUS "LibTorch: not found (no ${nety_torch_folder}/${file}); the torch backend is not built")
    return()
  endif()
endforeach()
# A wheel states its version in version.py, a libtorch archive in build-version.
set(nety_torch_built_for "")
if(EXISTS "${nety_torch_folder}/version.py")
  file(STRINGS "${nety_torch_folder}/version.py" nety_torch_built_for REGEX "^__version__ = ")
elseif(EXISTS "${nety_torch_folder}/build-version")
  file(STRINGS "${nety_torch_folder}/build-version" nety_torch_built_for LIMIT_COUNT 1)
endif()
string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" nety_torch_built_for "${nety_torch_built_for}")
message(STATUS "LibTorch: ${nety_torch_folder} (${nety_torch_built_for})")

foreach(library c10 torch_cpu)
  add_library(nety_libtorch_${library} SHARED IMPORTED GLOBAL)
  set_target_properties(nety_libtorch_${library} PROPERTIES
    IMPORTED_LOCATION "${nety_torch_folder}/lib/lib${library}.so")
endforeach()
add_library(nety_libtorch INTERFACE)
target_include_directories(nety_libtorch SYSTEM INTERFACE "${nety_torch_folder}/include")
# Without it some of ATen's headers include every operator.
target_compile_definitions(nety_libtorch INTERFACE AT_PER_OPERATOR_HEADERS
                                                   NETY_TORCH_BUILT_FOR="${nety_torch_built_for}")
target_link_libraries(nety_libtorch INTERFACE nety_libtorch_torch_cpu nety_libtorch_c10)
