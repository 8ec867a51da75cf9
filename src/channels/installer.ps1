# __MARKER__
# Installs it for this user, in Windows PowerShell 5.1 and PowerShell 7:
#
#     powershell -ExecutionPolicy Bypass -c "irm __ADDRESS__ | iex"
#
# Environment:
#   __PREFIX___INSTALL_DIR     the folder [default: LOCALAPPDATA\Programs\__FOLDER__]
#   __PREFIX___DOWNLOAD_URL    a mirror: the address of a folder with the archives
#   __PREFIX___NO_MODIFY_PATH  if set, PATH of the user is not changed
#   __TOKEN__, or __PREFIX___GITHUB_TOKEN  a token, sent to GitHub's API only, and only if a download without it fails
#   HTTPS_PROXY  a proxy, http://host:port
#
# As a file it takes -To FOLDER, the same as __PREFIX___INSTALL_DIR, and -Version.

# The parameters are inside, because `iex` would set variables of the caller. The parentheses make a script that was cut
# off a syntax error, wherever it ends.
(& {
    param([string]$To, [switch]$Version)
    Set-StrictMode -Version 2
    $ErrorActionPreference = 'Stop'
    # The progress bar of Windows PowerShell slows downloads down.
    $ProgressPreference = 'SilentlyContinue'

    $name = __NAME__
    $release = __VERSION__
    $base = __BASE__
    $api = __API__
    # By processor: the archive, its SHA-256, its top folder.
    $archives = __ARCHIVES__
    # The first is started to see that it runs here.
    $programs = __PROGRAMS__

    if ($args.Count) { throw "unknown argument $($args[0]); there are -To FOLDER and -Version" }
    if ($PSBoundParameters.ContainsKey('To') -and -not $To) { throw '-To needs a folder' }
    if ($Version) { return "$name $release" }
    # `throw`, because `exit` would close the window of the user.
    if ([Environment]::OSVersion.Platform -ne 'Win32NT') { throw "this is the installer for Windows; use $name-installer.sh" }

    # A 32-bit PowerShell sees the real processor in PROCESSOR_ARCHITEW6432.
    $processor = $env:PROCESSOR_ARCHITEW6432
    if (-not $processor) { $processor = $env:PROCESSOR_ARCHITECTURE }
    $wanted = switch ($processor) {
        'x86' { @('x86') }
        # These run programs for other processors, too.
        'AMD64' { @('x86_64', 'x86') }
        'ARM64' { @('aarch64', 'x86_64', 'x86') }
        default { throw "$name $release has no archive for the processor $processor" }
    }
    $archive = $null
    foreach ($one in @($wanted)) { if (-not $archive -and $archives.ContainsKey($one)) { $archive = $archives[$one] } }
    if (-not $archive) { throw "$name $release has no archive for the processor $processor" }
    $file, $digest, $top = $archive

    $folder = $To
    if (-not $folder) { $folder = $env:__PREFIX___INSTALL_DIR }
    if (-not $folder) {
        if (-not $env:LOCALAPPDATA) { throw 'LOCALAPPDATA is not set; name a folder in __PREFIX___INSTALL_DIR' }
        $folder = [IO.Path]::Combine($env:LOCALAPPDATA, 'Programs', $name)
    }
    $folder = [IO.Path]::GetFullPath($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($folder))
    # Cmdlets may read `[` in a path as a pattern, so files are moved and tested by the classes of .NET.
    $null = [IO.Directory]::CreateDirectory($folder)
    # Windows does not remove a program that runs. One that an earlier run replaced is removed now, if it has ended.
    foreach ($left in [IO.Directory]::GetDirectories($folder, ".$name.*")) {
        if (-not [IO.Directory]::GetFiles($left, '*.old')) { continue }
        try {
            foreach ($program in $programs) { [IO.File]::Delete((Join-Path $left "$program.old")) }
            # A folder with anything else in it stays.
            [IO.Directory]::Delete($left)
        } catch { continue }
    }
    $temp = Join-Path $folder ('.' + $name + '.' + [IO.Path]::GetRandomFileName())
    $null = [IO.Directory]::CreateDirectory($temp)
    try {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        $options = @{ UseBasicParsing = $true }
        # PowerShell 7 reads the variable itself.
        if ($PSVersionTable.PSVersion.Major -lt 6 -and $env:HTTPS_PROXY) { $options['Proxy'] = $env:HTTPS_PROXY }

        $mirror = $env:__PREFIX___DOWNLOAD_URL
        $token = $env:__PREFIX___GITHUB_TOKEN
        if (-not $token) { $token = $env:__TOKEN__ }
        $from = $base
        if ($mirror) { $from = $mirror.TrimEnd('/') }
        $from = "$from/$file"
        # Logs are read by others, so a password in the address of a mirror is not shown.
        $shown = $from -replace '(?<=^[^/]*://)[^/]*@', ''
        # Into memory: the -OutFile of Windows PowerShell is a pattern.
        $download = {
            param($address, $headers)
            $wait = 1
            while ($true) {
                try { return , (Invoke-WebRequest @options -Uri $address -Headers $headers).RawContentStream.ToArray() } catch {
                    $answer = $_.Exception.PSObject.Properties['Response']
                    $status = if ($answer -and $answer.Value) { [int]$answer.Value.StatusCode } else { 0 }
                    if ($wait -gt 4 -or @(408, 429, 500, 502, 503, 504) -notcontains $status) { throw }
                    Write-Host "the server answered $status; trying again in $wait s"
                    Start-Sleep -Seconds $wait
                    $wait *= 2
                }
            }
        }
        Write-Host "downloading $shown"
        try {
            $bytes = & $download $from @{}
        } catch {
            if ($mirror -or -not $token) { throw "$shown could not be downloaded: $($_.Exception.Message)" }
            Write-Host 'trying again with the token'
            try {
                $headers = @{ Authorization = "Bearer $token" }
                $text = [Text.Encoding]::UTF8.GetString((& $download $api $headers))
                $asset = (ConvertFrom-Json $text).assets | Where-Object { $_.name -eq $file }
                # The token goes to the API alone.
                if (-not $asset -or -not $asset.url.StartsWith(($api -replace '/repos/.*', '/repos/'))) { throw "GitHub lists no asset $file" }
                $headers['Accept'] = 'application/octet-stream'
                $bytes = & $download $asset.url $headers
            } catch {
                throw "$shown could not be downloaded, not even with the token: $($_.Exception.Message)"
            }
        }

        # The classes of .NET, because a PowerShell that another one has started may not find its own modules.
        $found = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
        if ($found -ne $digest) {
            throw "$file is not the archive of this release: its SHA-256 is $found, and should be $digest; nothing was installed"
        }
        $zip = Join-Path $temp 'archive.zip'
        [IO.File]::WriteAllBytes($zip, $bytes)
        Add-Type -AssemblyName System.IO.Compression.FileSystem
        [IO.Compression.ZipFile]::ExtractToDirectory($zip, $temp)
        $unpacked = Join-Path $temp $top
        foreach ($program in $programs) {
            if (-not [IO.File]::Exists((Join-Path $unpacked $program))) {
                throw "$program is missing after $file was unpacked, perhaps removed by a virus scanner; nothing was installed"
            }
            if ([IO.Directory]::Exists((Join-Path $folder $program))) { throw "$(Join-Path $folder $program) is a folder; nothing was installed" }
        }
        $first = Join-Path $unpacked $programs[0]
        try {
            & {
                # A program may end with an error or write one, if it knows no such option.
                $ErrorActionPreference = 'Continue'
                $PSNativeCommandUseErrorActionPreference = $false
                $null = @() | & $first --version 2>$null
            }
            # Windows ends a program whose library is missing, or whose processor is another, with such a code.
            $code = '{0:X8}' -f $LASTEXITCODE
            if ($code -like 'C0000*') { throw "it ended with 0x$code" }
        } catch { throw "$($programs[0]) of $file does not run on this system; nothing was installed: $($_.Exception.Message)" }
        # Shells of workflows end with this code.
        $global:LASTEXITCODE = 0

        $placed = @()
        try {
            foreach ($program in $programs) {
                $target = Join-Path $folder $program
                # A program that runs cannot be replaced, but it can be renamed.
                if ([IO.File]::Exists($target)) { [IO.File]::Move($target, (Join-Path $temp "$program.old")) }
                [IO.File]::Move((Join-Path $unpacked $program), $target)
                $placed += $target
            }
        } catch {
            foreach ($target in $placed) { [IO.File]::Delete($target) }
            foreach ($program in $programs) {
                $old = Join-Path $temp "$program.old"
                if ([IO.File]::Exists($old)) { [IO.File]::Move($old, (Join-Path $folder $program)) }
            }
            throw
        }
    } finally {
        Remove-Item -LiteralPath $temp -Recurse -Force -ErrorAction SilentlyContinue
    }
    Write-Host "installed $name $release for $processor in $folder"

    if ($folder.Contains(';')) {
        Write-Host "warning: PATH cannot hold $folder, because a semicolon separates its folders; __PREFIX___INSTALL_DIR names another one"
    } else {
        if ($env:GITHUB_PATH) { [IO.File]::AppendAllText($env:GITHUB_PATH, "$folder`n") }
        $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
        # Unexpanded, so that the variables in it stay variables.
        $old = [string]$key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        $known = foreach ($one in "$old;$env:Path" -split ';') { $one.TrimEnd('\') }
        if ($known -notcontains $folder.TrimEnd('\')) {
            if ($env:__PREFIX___NO_MODIFY_PATH) {
                Write-Host "add the folder to PATH: $folder"
            } else {
                $new = (@($old.TrimEnd(';'), $folder) | Where-Object { $_ }) -join ';'
                $key.SetValue('Path', $new, [Microsoft.Win32.RegistryValueKind]::ExpandString)
                # Any change of a variable in this way makes other programs read them again.
                [Environment]::SetEnvironmentVariable('__PREFIX___INSTALLER', $null, 'User')
                $env:Path = "$env:Path;$folder"
                Write-Host "added the folder to PATH of this user; open a new terminal to use $name"
            }
        }
        $key.Close()
    }
    # PowerShell takes typographic quotes for quotes.
    $installed = foreach ($program in $programs) { "'" + ((Join-Path $folder $program) -replace "(['\u2018-\u201b])", '$1$1') + "'" }
    Write-Host "uninstall with: Remove-Item -LiteralPath $($installed -join ', ')"
} @args)
