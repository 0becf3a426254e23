<?php
if (!defined('B_PROLOG_INCLUDED') || B_PROLOG_INCLUDED !== true)
{
	die();
}

/** @global CMain $APPLICATION */
/** @global CUser $USER */

// Otherwise the pull module prints its own client, and the call that starts it, at the end of the page.
if (!defined('BX_PULL_SKIP_INIT'))
{
	define('BX_PULL_SKIP_INIT', true);
}

\Bitrix\Main\UI\Extension::load('bxpull.client');
\Bitrix\Main\Page\Asset::getInstance()->addCss(SITE_TEMPLATE_PATH . '/template_styles.css');
?><!DOCTYPE html>
<html lang="<?= LANGUAGE_ID ?>">
<head>
	<meta charset="utf-8">
	<meta name="viewport" content="width=device-width, initial-scale=1">
	<link rel="icon" href="data:,">
	<title><?php $APPLICATION->ShowTitle() ?></title>
	<?php $APPLICATION->ShowHead() ?>
</head>
<body>
<?php $APPLICATION->ShowPanel() ?>
<header class="top">
	<div class="wrap top-row">
		<a class="logo" href="/">North&nbsp;Shop</a>
		<nav class="menu">
			<a href="/" aria-current="page">Orders</a>
			<a href="/">Goods</a>
			<a href="/">Customers</a>
		</nav>
		<div class="user">
			<span class="pull-status" id="pull-status" data-status="connect" role="status"></span>
			<span class="bell">New: <b id="bell-count">0</b></span>
			<span class="user-name"><?= htmlspecialcharsbx($USER->GetFullName()) ?></span>
		</div>
	</div>
</header>
<main class="wrap">
	<h1><?php $APPLICATION->ShowTitle() ?></h1>
