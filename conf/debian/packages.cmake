# cpack: a package of the executable with its service, and one of the module for the nginx it was built for.
#   cmake --preset release && cmake --build --preset release && (cd build/release && cpack)
set(here ${CMAKE_SOURCE_DIR}/conf/debian)
install(FILES README.md conf/trotline.toml DESTINATION share/doc/trotline COMPONENT trotline)
install(FILES ${here}/trotline.toml DESTINATION /etc/trotline COMPONENT trotline)
install(FILES ${here}/trotline.service DESTINATION lib/systemd/system COMPONENT trotline)
install(FILES ${here}/trotline.tmpfiles DESTINATION lib/tmpfiles.d RENAME trotline.conf COMPONENT trotline)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME trotline)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Trotline <dev@trotline.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "webhooks for any HTTP application, from the proxy in front of it")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON) # some files go to /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL trotline)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_TROTLINE_PACKAGE_NAME trotline)
set(CPACK_DEBIAN_TROTLINE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TROTLINE_PACKAGE_DEPENDS "libjq1") # of the jq process, which lies inside the library
set(CPACK_DEBIAN_TROTLINE_DESCRIPTION "webhooks for any HTTP application
 Records the changes that pass through an HTTP proxy and delivers them as signed webhooks: an acknowledged change is recorded.
 This is the standalone host, the dispatcher and the tools.")
set(CPACK_DEBIAN_TROTLINE_PACKAGE_CONTROL_EXTRA ${here}/trotline/postinst ${here}/trotline/prerm ${here}/trotline/postrm
    ${CMAKE_BINARY_DIR}/debian/conffiles)
file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles "/etc/trotline/trotline.toml\n")

if(TARGET ngx_http_trotline_module)
  set(module libnginx-mod-http-trotline)
  install(TARGETS ngx_http_trotline_module LIBRARY DESTINATION lib/nginx/modules COMPONENT module)
  install(FILES ${here}/mod-http-trotline.conf DESTINATION share/nginx/modules-available COMPONENT module)
  install(FILES conf/nginx/README.md conf/nginx/trotline.conf conf/nginx/site.conf conf/nginx/trotline-manage.conf conf/nginx/trotline-apis.conf
    DESTINATION share/doc/${module} COMPONENT module)
  list(APPEND CPACK_COMPONENTS_ALL module)
  # The exact package, not only its ABI name: what fits is what it was built for (conf/nginx/README.md).
  execute_process(COMMAND dpkg-query -W -f "\${Version}" nginx-dev OUTPUT_VARIABLE nginx_package ERROR_QUIET)
  set(CPACK_DEBIAN_MODULE_PACKAGE_NAME ${module})
  set(CPACK_DEBIAN_MODULE_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_MODULE_PACKAGE_DEPENDS "nginx (= ${nginx_package}), libjq1")
  set(CPACK_DEBIAN_MODULE_PACKAGE_SUGGESTS trotline)
  set(CPACK_DEBIAN_MODULE_DESCRIPTION "webhooks for any HTTP application, as a module of nginx
 Records the changes that pass through nginx and delivers them as signed webhooks: an acknowledged change is recorded.")
  set(CPACK_DEBIAN_MODULE_PACKAGE_CONTROL_EXTRA ${here}/module/postinst ${here}/module/prerm)
endif()
include(CPack)
