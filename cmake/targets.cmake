# How every target of ours is built: one library per folder, all of the folder's files.
add_library(nety_flags INTERFACE)
target_include_directories(nety_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(nety_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(nety_flags INTERFACE -Wno-restrict)  # false for "text" + std::string (its bug 105651)
endif()
if(NETY_WARNINGS_AS_ERRORS)
  target_compile_options(nety_flags INTERFACE -Werror)
endif()
if(NETY_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(nety_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow)  # false for std::string("text") + name
endif()
if(NETY_SANITIZE)
  target_compile_options(nety_flags INTERFACE -fsanitize=${NETY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(nety_flags INTERFACE -fsanitize=${NETY_SANITIZE})
endif()

# nety_library(name folder [PUBLIC|PRIVATE libraries...]): static library nety_<name> of folder/*.cpp. It is
# optimised as nety_built_quickly() says, except for the libraries of NETY_COMPUTING.
set(NETY_COMPUTING base measure precision tokenizer grammar kernels model engine native)
function(nety_library name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  add_library(nety_${name} STATIC ${sources})
  target_link_libraries(nety_${name} PUBLIC nety_flags)
  target_link_libraries(nety_${name} ${ARGN})
  if(NOT name IN_LIST NETY_COMPUTING)
    nety_built_quickly(nety_${name})
    target_precompile_headers(nety_${name} REUSE_FROM nety_precompiled_quick)
  elseif(NOT name STREQUAL "kernels")  # whose files include next to nothing
    target_precompile_headers(nety_${name} REUSE_FROM nety_precompiled_fast)
  endif()
endfunction()

# nety_embed(target file): the text of a file as a string literal, for #include "<file>.inc" where a program
# carries a script that must also be a file of its own.
function(nety_embed target file)
  file(READ ${PROJECT_SOURCE_DIR}/${file} text)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/${file}.inc CONTENT "R\"embedded(@text@)embedded\"\n" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/embedded)
endfunction()

# nety_built_quickly(targets...): code in which no time is spent. Optimising it costs a third of its build.
function(nety_built_quickly)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>)
  endforeach()
endfunction()
