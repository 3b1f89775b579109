@echo off
rem Starts Thalweg from its jar, which is built on first use:  thalweg train digits
rem The device java runs everywhere. The device sim is not there: the software driver is built on Linux only.
rem The device cuda needs NVIDIA's driver.
rem (No blocks in parentheses: a folder's name may have some.)
setlocal

set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
"%java%" -version >nul 2>&1
if errorlevel 1 goto nojava

set "jar=%~dp0target\thalweg.jar"
if exist "%jar%" goto run
where mvn >nul 2>&1
if errorlevel 1 goto nomaven
echo thalweg: building "%jar%", this once. On Windows there is no device sim; cuda needs NVIDIA's driver. 1>&2
pushd "%~dp0"
call mvn -B -q -Dmaven.test.skip=true package 1>&2
set "failed=%errorlevel%"
popd
if not "%failed%"=="0" goto failed

:run
set "vectors="
if "%THALWEG_VECTORS%"=="1" set "vectors=--add-modules=jdk.incubator.vector"
"%java%" -XX:+IgnoreUnrecognizedVMOptions -XX:+RestoreMXCSROnJNICalls -XX:+UseSerialGC -Xshare:auto ^
  --enable-native-access=ALL-UNNAMED %vectors% -jar "%jar%" %*
exit /b %errorlevel%

:nojava
echo thalweg: needs Java 17 or newer: "%java%" was not found 1>&2
exit /b 1

:nomaven
echo thalweg: "%jar%" is not built yet, and mvn was not found to build it: install Maven 1>&2
exit /b 1

:failed
echo thalweg: the build failed: see above 1>&2
exit /b 1
