# A relocatable tree: bin/nety, its plugins and the one library that Debian has no archive of in lib/nety,
# documents in share/doc/nety. The default model is a component of its own, since it is bigger than the
# rest and the program finds it in the user's cache as well:
#   cmake --install build/release --prefix TREE                     the program
#   cmake --install build/release --prefix TREE --component model   the default model, into share/nety
# lib/nety and not the platform's lib/<architecture>/nety: the tree may be moved to any place.
set(programs nety nety-contender)
if(TARGET nety-kernels)
  list(APPEND programs nety-kernels)
endif()
set(plugins "")
foreach(plugin nety_torch nety_cuda nety_http)
  if(TARGET ${plugin})
    list(APPEND plugins ${plugin})
  endif()
endforeach()

# What ./nety builds: everything but the tests.
add_custom_target(program DEPENDS ${programs} ${plugins})

set_property(TARGET ${programs} PROPERTY INSTALL_RPATH "$ORIGIN/../lib/nety")
install(TARGETS ${programs} RUNTIME DESTINATION bin)
if(plugins)
  install(TARGETS ${plugins} LIBRARY DESTINATION lib/nety)
endif()
install(IMPORTED_RUNTIME_ARTIFACTS simdjson::simdjson LIBRARY DESTINATION lib/nety)
install(FILES README.md LICENSE DESTINATION share/doc/nety)

# Looked for when installing, not when configuring: set-up may bring the model in between.
install(CODE [[
  set(cache "$ENV{XDG_CACHE_HOME}")
  if(cache STREQUAL "")
    set(cache "$ENV{HOME}/.cache")
  endif()
  file(GLOB model "${cache}/nety/models/SmolLM2-*")
  if(NOT model)
    message(FATAL_ERROR "The default model is not in ${cache}/nety/models. Run ./nety setup first.")
  endif()
  file(INSTALL ${model} DESTINATION "${CMAKE_INSTALL_PREFIX}/share/nety")
]] COMPONENT model EXCLUDE_FROM_ALL)
