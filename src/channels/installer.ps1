# __MARKER__
# Installs it for this user, in Windows PowerShell 5.1 and PowerShell 7:
#
#     powershell -ExecutionPolicy Bypass -c "irm __ADDRESS__ | iex"
#
# Environment:
#   __PREFIX___INSTALL_DIR     the folder [default: LOCALAPPDATA\Programs\__FOLDER__]
#   __PREFIX___DOWNLOAD_URL    a mirror: the address of a folder with the archives
#   __PREFIX___NO_MODIFY_PATH  if set, PATH of the user is not changed
#   GITHUB_TOKEN, or __PREFIX___GITHUB_TOKEN  a token, sent to GitHub's API only, and only if a download without it fails
#   HTTPS_PROXY  a proxy, http://host:port
param([string]$To, [switch]$Version)

& {
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

    if ($Version) { return "$name $release" }
    # `throw`, because `exit` would close the window of the user.
    if ([Environment]::OSVersion.Platform -ne 'Win32NT') { throw "this is the installer for Windows; use $name-installer.sh" }

    # A 32-bit PowerShell sees the real processor in PROCESSOR_ARCHITEW6432.
    $processor = $env:PROCESSOR_ARCHITEW6432
    if (-not $processor) { $processor = $env:PROCESSOR_ARCHITECTURE }
    $wanted = switch ($processor) {
        'AMD64' { @('x86_64') }
        # Windows on ARM runs programs for x86-64, too.
        'ARM64' { @('aarch64', 'x86_64') }
        default { throw "$name $release has no archive for the processor $processor" }
    }
    $archive = $null
    foreach ($one in @($wanted)) { if (-not $archive -and $archives.ContainsKey($one)) { $archive = $archives[$one] } }
    if (-not $archive) { throw "$name $release has no archive for the processor $processor" }
    $file, $digest, $top = $archive

    $folder = $To
    if (-not $folder) { $folder = $env:__PREFIX___INSTALL_DIR }
    if (-not $folder) { $folder = Join-Path $env:LOCALAPPDATA (Join-Path 'Programs' $name) }
    $folder = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($folder)
    $null = [IO.Directory]::CreateDirectory($folder)
    $temp = Join-Path $folder ('.' + $name + '.' + [IO.Path]::GetRandomFileName())
    $null = [IO.Directory]::CreateDirectory($temp)
    try {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        $options = @{ UseBasicParsing = $true }
        # PowerShell 7 reads the variable itself.
        if ($PSVersionTable.PSVersion.Major -lt 6 -and $env:HTTPS_PROXY) { $options['Proxy'] = $env:HTTPS_PROXY }

        $mirror = $env:__PREFIX___DOWNLOAD_URL
        $token = $env:__PREFIX___GITHUB_TOKEN
        if (-not $token) { $token = $env:GITHUB_TOKEN }
        $from = $base
        if ($mirror) { $from = $mirror.TrimEnd('/') }
        $from = "$from/$file"
        $zip = Join-Path $temp 'archive.zip'
        Write-Host "downloading $from"
        try {
            Invoke-WebRequest @options -Uri $from -OutFile $zip
        } catch {
            if ($mirror -or -not $token) { throw }
            Write-Host 'trying again with the token'
            $headers = @{ Authorization = "Bearer $token" }
            $asset = (Invoke-RestMethod @options -Uri $api -Headers $headers).assets | Where-Object { $_.name -eq $file }
            if (-not $asset) { throw "GitHub lists no asset $file" }
            $headers['Accept'] = 'application/octet-stream'
            Invoke-WebRequest @options -Uri $asset.url -Headers $headers -OutFile $zip
        }

        # The classes of .NET, because a PowerShell that another one has started may not find its own modules.
        $bytes = [IO.File]::ReadAllBytes($zip)
        $found = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
        if ($found -ne $digest) {
            throw "$file is not the archive of this release: its SHA-256 is $found, and should be $digest; nothing was installed"
        }
        Add-Type -AssemblyName System.IO.Compression.FileSystem
        [IO.Compression.ZipFile]::ExtractToDirectory($zip, $temp)
        $unpacked = Join-Path $temp $top
        $first = Join-Path $unpacked $programs[0]
        try { $null = & $first --version } catch { throw "$($programs[0]) of $file does not run on this system; nothing was installed: $_" }

        foreach ($program in $programs) {
            $target = Join-Path $folder $program
            # A program that runs cannot be replaced, but it can be renamed.
            if (Test-Path -LiteralPath $target) { Move-Item -LiteralPath $target -Destination (Join-Path $temp "$program.old") }
            Move-Item -LiteralPath (Join-Path $unpacked $program) -Destination $target
        }
    } finally {
        Remove-Item -LiteralPath $temp -Recurse -Force -ErrorAction SilentlyContinue
    }
    Write-Host "installed $name $release for $processor in $folder"

    if ($env:GITHUB_PATH) { [IO.File]::AppendAllText($env:GITHUB_PATH, "$folder`n") }
    $key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment', $true)
    # Unexpanded, so that the variables in it stay variables.
    $old = [string]$key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    if (($old -split ';') -notcontains $folder -and ($env:Path -split ';') -notcontains $folder) {
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
    $installed = foreach ($program in $programs) { "'" + (Join-Path $folder $program).Replace("'", "''") + "'" }
    Write-Host "uninstall with: Remove-Item $($installed -join ', ')"
}
