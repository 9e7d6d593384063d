# What is installed, and the Debian package of it (cpack -G DEB in the build folder).
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # the tests are not needed for it
set(own_libraries ${CMAKE_INSTALL_LIBDIR}/yanxing) # libonnxruntime.so is in no Debian package
set_target_properties(yanxing PROPERTIES INSTALL_RPATH "$ORIGIN/../${own_libraries}")
install(TARGETS yanxing RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
get_target_property(onnxruntime_file onnxruntime IMPORTED_LOCATION)
install(FILES ${onnxruntime_file} DESTINATION ${own_libraries})
install(DIRECTORY actions assets DESTINATION ${CMAKE_INSTALL_DATADIR}/yanxing)
install(FILES README.md THIRD_PARTY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/yanxing.service DESTINATION lib/systemd/user)

set(CPACK_PACKAGE_NAME yanxing)
set(CPACK_PACKAGE_CONTACT "the yanxing project <yanxing@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "private voice operator for a computer: hears, looks, decides, acts, answers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${YANXING_DEPS}/lib)
set(CPACK_DEBIAN_PACKAGE_DEPENDS espeak-ng-data)
# pip and npm tell `yanxing pull` which index to fetch models from.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "at-spi2-core, python3-pip, ca-certificates")
include(CPack)
