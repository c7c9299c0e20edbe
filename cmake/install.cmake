# A relocatable tree: bin/nety finds its plugins in ../lib/nety and its model in ../share/nety.
include(GNUInstallDirs)
install(TARGETS nety RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET nety_torch)
  install(TARGETS nety_torch LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nety)
endif()
