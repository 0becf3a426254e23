<?php
/**
 * Stand-ins for the parts of Bitrix that this example calls, so that it runs with `php -S` alone. Not for a site: there
 * Bitrix itself is in their place. The push server is a local `bx-pull serve`, named by BX_PULL_SERVER.
 */

namespace
{
	define('B_PROLOG_INCLUDED', true);
	define('SITE_ID', 's1');
	define('SITE_TEMPLATE_PATH', '/local/templates/legacy');
	define('LANGUAGE_ID', ($_GET['lang'] ?? '') === 'ru' ? 'ru' : 'en');

	/** What the head of the page will hold. */
	final class StandIn
	{
		/** @var string[] */
		public static array $css = [];
		/** @var string[] */
		public static array $js = [];
		/** @var array[] */
		public static array $phrases = [];

		public static function server(): string
		{
			return rtrim(getenv('BX_PULL_SERVER') ?: 'http://127.0.0.1:8010', '/');
		}

		public static function ask(string $path, ?array $post = null): ?array
		{
			$http = ['timeout' => 3, 'ignore_errors' => true];
			if ($post !== null)
			{
				$http += ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode($post)];
			}
			$answer = @file_get_contents(self::server() . $path, false, stream_context_create(['http' => $http]));
			return $answer === false ? null : json_decode($answer, true);
		}
	}

	final class CMain
	{
		private string $title = '';

		public function SetTitle(string $title): void
		{
			$this->title = $title;
		}

		public function GetTitle(): string
		{
			return $this->title;
		}

		/** Bitrix fills it in when the page has run; here it is printed later for the same reason. */
		public function ShowTitle(): void
		{
			echo '#TITLE#';
		}

		public function ShowHead(): void
		{
			echo '#HEAD#';
		}

		public function ShowPanel(): void
		{
		}

		public function Finish(string $html): string
		{
			return strtr($html, ['#TITLE#' => htmlspecialcharsbx($this->title), '#HEAD#' => $this->head()]);
		}

		private function head(): string
		{
			$lines = [];
			foreach (StandIn::$css as $path)
			{
				$lines[] = '<link href="' . $path . '" type="text/css" rel="stylesheet">';
			}
			$lines[] = '<script>if(!window.BX)window.BX={};if(!window.BX.message)window.BX.message=function(m){for(var i in m)BX.message[i]=m[i];return true}</script>';
			$lines[] = '<script>' . self::message([
				'LANGUAGE_ID' => LANGUAGE_ID,
				'SITE_ID' => SITE_ID,
				'USER_ID' => (string)$GLOBALS['USER']->GetID(),
				'bitrix_sessid' => bitrix_sessid(),
			]) . implode('', array_map([self::class, 'message'], StandIn::$phrases)) . '</script>';
			foreach (['/bitrix/js/core.js', ...StandIn::$js] as $path)
			{
				$lines[] = '<script src="' . $path . '"></script>';
			}
			return implode("\n\t", $lines);
		}

		private static function message(array $phrases): string
		{
			return '(window.BX||top.BX).message(' . CUtil::PhpToJSObject($phrases) . ');';
		}
	}

	final class CUser
	{
		public function GetID(): int
		{
			return 1;
		}

		public function IsAuthorized(): bool
		{
			return true;
		}

		public function GetFullName(): string
		{
			return 'Anna Petrova';
		}
	}

	final class CUtil
	{
		/** As Bitrix prints it: every number is quoted, true and false are not. */
		public static function PhpToJSObject($value): string
		{
			if (is_bool($value))
			{
				return $value ? 'true' : 'false';
			}
			if (!is_array($value))
			{
				return "'" . self::JSEscape((string)$value) . "'";
			}
			$isList = array_keys($value) === array_keys(array_keys($value));
			$parts = [];
			foreach ($value as $key => $each)
			{
				$name = $isList ? '' : "'" . self::JSEscape((string)$key) . "':";
				$parts[] = $name . self::PhpToJSObject($each);
			}
			return $isList ? '[' . implode(',', $parts) . ']' : '{' . implode(',', $parts) . '}';
		}

		public static function JSEscape(string $text): string
		{
			return strtr($text, [
				'\\' => '\\\\',
				"'" => "\\'",
				'"' => '\\"',
				"\r" => '\\r',
				"\n" => '\\n',
				'</' => '<\\/',
				"\u{2028}" => '\\u2028',
				"\u{2029}" => '\\u2029',
			]);
		}
	}

	final class CPullOptions
	{
		public static function CheckNeedRun(): bool
		{
			return true;
		}

		public static function GetQueueServerStatus(): bool
		{
			return true;
		}

		public static function GetConfigTimestamp(): int
		{
			return 0;
		}
	}

	final class CPullChannel
	{
		public static function GetConfig(int $userId): ?array
		{
			$config = StandIn::ask('/rest/pull.config.get.json?userId=' . $userId)['result'] ?? null;
			// Only REST tells the time of the server.
			unset($config['serverTime']);
			return $config;
		}
	}

	final class CPullWatch
	{
		public static function Add(int $userId, string $tag): bool
		{
			return StandIn::ask('/bx-pull/control', ['action' => 'watch-tag', 'userId' => $userId, 'tag' => $tag]) !== null;
		}
	}

	function htmlspecialcharsbx(string $text): string
	{
		return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
	}

	function bitrix_sessid(): string
	{
		return 'a1b2c3';
	}

	$GLOBALS['APPLICATION'] = new CMain();
	$GLOBALS['USER'] = new CUser();
}

namespace Bitrix\Main
{
	final class Loader
	{
		public static function includeModule(string $name): bool
		{
			return $name === 'pull';
		}
	}
}

namespace Bitrix\Main\Page
{
	final class Asset
	{
		public static function getInstance(): self
		{
			return new self();
		}

		public function addCss(string $path): void
		{
			\StandIn::$css[] = $path;
		}

		public function addJs(string $path): void
		{
			\StandIn::$js[] = $path;
		}
	}
}

namespace Bitrix\Main\UI
{
	final class Extension
	{
		public static function load(string $name): void
		{
			$path = '/local/js/' . str_replace('.', '/', $name);
			$folder = \localFile($path);
			$config = include $folder . '/config.php';
			if (isset($config['oninit']))
			{
				\StandIn::$phrases[] = $config['oninit']($config)['lang_additional'] ?? [];
			}
			$phrases = $folder . '/lang/' . LANGUAGE_ID . '/config.php';
			if (is_file($phrases))
			{
				$MESS = [];
				include $phrases;
				\StandIn::$phrases[] = $MESS;
			}
			foreach ((array)$config['js'] as $file)
			{
				\StandIn::$js[] = $path . '/' . preg_replace('~^\./~', '', $file);
			}
		}
	}
}
