<?php
/**
 * Serves the example outside Bitrix: `php -S 127.0.0.1:8020 -t examples/legacy-template examples/legacy-template/router.php`.
 * The extension lies beside the template here; on a site it is at the very path that is asked for.
 */

const EXTENSION = '/local/js/bxpull/client';

function localFile(string $path): string
{
	return str_starts_with($path, EXTENSION)
		? dirname(__DIR__) . '/bitrix-extension' . substr($path, strlen(EXTENSION))
		: __DIR__ . $path;
}

$path = rawurldecode((string)parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if ($path === EXTENSION . '/bx-pull.min.js')
{
	header('Content-Type: text/javascript; charset=utf-8');
	readfile(localFile($path));
	return true;
}
// Everything else is a page or a file of this folder.
return false;
