<?php
/**
 * Serves the example outside Bitrix: `php -S 127.0.0.1:8020 -t examples/legacy-template examples/legacy-template/router.php`.
 * The extension lies beside the template here; on a site it is at the very path that is asked for.
 */

const EXTENSION = '/local/js/bxpull/client';

function localFile(string $path): string
{
	return strpos($path, EXTENSION) === 0
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
// The portal's REST: here the push server has it, too.
if (preg_match('~^/rest/[\w.]+\.json$~', $path))
{
	$request = [
		'method' => $_SERVER['REQUEST_METHOD'],
		'header' => 'Content-Type: application/x-www-form-urlencoded',
		'content' => file_get_contents('php://input'),
		'timeout' => 5,
		'ignore_errors' => true,
	];
	$server = rtrim(getenv('BX_PULL_SERVER') ?: 'http://127.0.0.1:8010', '/');
	$answer = @file_get_contents($server . $_SERVER['REQUEST_URI'], false, stream_context_create(['http' => $request]));
	http_response_code($answer === false ? 502 : (int)explode(' ', $http_response_header[0])[1]);
	header('Content-Type: application/json; charset=utf-8');
	echo $answer;
	return true;
}
// Everything else is a page or a file of this folder.
return false;
