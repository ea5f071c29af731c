# Installed: public headers (but program.h, whose code only commands link), the shared library, the
# command, the models, gemel.pc, CMake config.
include(CMakePackageConfigHelpers)
set(gemel_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gemel)

install(DIRECTORY include/gemel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN program.h EXCLUDE PATTERN *.h)
install(TARGETS gemel_shared EXPORT gemelTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET gemel_cli)
  install(TARGETS gemel_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/gemel/models OPTIONAL)
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/gemel/examples OPTIONAL)
install(FILES docs/man/gemel.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES tools/completion/gemel.bash RENAME gemel
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)

install(EXPORT gemelTargets NAMESPACE gemel:: DESTINATION ${gemel_config_dir})
file(WRITE ${CMAKE_BINARY_DIR}/gemelConfig.cmake
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/gemelTargets.cmake\")\n")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/gemelConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/gemelConfig.cmake ${CMAKE_BINARY_DIR}/gemelConfigVersion.cmake
  DESTINATION ${gemel_config_dir})

# gemel.pc finds its prefix from where it lies, so that an installed tree may be moved and
# `cmake --install --prefix` needs no new configuration.
file(RELATIVE_PATH gemel_pc_up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" gemel_pc_up "${gemel_pc_up}")
configure_file(cmake/gemel.pc.in ${CMAKE_BINARY_DIR}/gemel.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/gemel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
