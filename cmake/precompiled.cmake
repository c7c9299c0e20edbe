# Precompiled headers. GCC takes one only under the options it was made with: one for libraries in which
# no time is spent, one for those that compute, one for test programs.

# nety_precompiled(name header libraries...): compiles cmake/precompiled/<header>.h under the name nety_<name>.
function(nety_precompiled name header)
  set(source ${PROJECT_BINARY_DIR}/precompiled/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(nety_${name} STATIC ${source})
  target_link_libraries(nety_${name} PRIVATE nety_flags ${ARGN})
  target_precompile_headers(nety_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled/${header}.h)
endfunction()

nety_precompiled(precompiled_quick standard nety_fmt)
nety_built_quickly(nety_precompiled_quick)
nety_precompiled(precompiled_fast standard nety_fmt)
