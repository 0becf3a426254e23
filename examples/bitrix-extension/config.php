<?php
/**
 * The Bitrix extension "bxpull.client": copy this folder to /local/js/bxpull/client and load it with
 * \Bitrix\Main\UI\Extension::load('bxpull.client').
 */

if (!defined('B_PROLOG_INCLUDED') || B_PROLOG_INCLUDED !== true)
{
	die();
}

return [
	'js' => './bx-pull.min.js',
	'rel' => [],
	// Phrases are told to BX.message, so the portal's core has to come first. The client itself does without it.
	'skip_core' => false,
	// No 'lang': where there is a folder "lang" Bitrix takes lang/<language>/config.php by itself.
	'oninit' => static function ()
	{
		$hasPull = \Bitrix\Main\Loader::includeModule('pull');
		$isGuest = defined('PULL_USER_ID');

		return [
			'lang_additional' => [
				'pull_server_enabled' => $hasPull && \CPullOptions::GetQueueServerStatus() ? 'Y' : 'N',
				'pull_config_timestamp' => $hasPull ? \CPullOptions::GetConfigTimestamp() : 0,
				'pull_guest_mode' => $isGuest ? 'Y' : 'N',
				'pull_guest_user_id' => $isGuest ? (int)PULL_USER_ID : 0,
			],
		];
	},
];
