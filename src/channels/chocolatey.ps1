# __MARKER__
$ErrorActionPreference = 'Stop'
$tools = Split-Path -Parent $MyInvocation.MyCommand.Definition
$arguments = @{
    PackageName    = __ID__
    UnzipLocation  = $tools
    Url64bit       = __ADDRESS__
    Checksum64     = __DIGEST__
    ChecksumType64 = 'sha256'
}
Install-ChocolateyZipPackage @arguments
# Chocolatey makes a command of each program below this folder, and of no other with a file `.ignore` beside it.
$programs = @(__PROGRAMS__)
foreach ($program in Get-ChildItem -LiteralPath $tools -Filter '*.exe' -Recurse) {
    if ($programs -notcontains $program.Name) { Set-Content -LiteralPath "$($program.FullName).ignore" -Value '' }
}
